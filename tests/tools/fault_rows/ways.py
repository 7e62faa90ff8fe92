"""Ways to compute that cannot be: options that exclude each other, and what this machine or model lacks."""

import json
import shutil
from pathlib import Path
from typing import Any, List

from tests.tools.world import World

from .row import Row


def _predicts_in(precision: str, *options: str) -> Row:
    """Return a row of a test whose folder says in which precision it was predicted."""

    def expect(world: World, text: Any) -> None:
        manifest = json.loads((world.tmp / 'out/manifest.json').read_text())
        assert manifest['meta']['precision'] == precision

    return Row(f'predictions in {precision} precision', lambda world: world.step(*options), expect=expect)


def _continued(world: World) -> List[Any]:
    shutil.copytree(str(world.predicted), str(world.tmp / 'out'))
    return world.step('--amp', 'bf16')


def _image(world: World, *options: str) -> List[Any]:
    config, weights = world.image
    return ['test.py', config, weights, '--eval', 'PQ', *options]


def _clip(world: World) -> List[Any]:
    return ['../tools_vis/test_whole_video.py', Path('no.py'), Path('no.pth'), '--format-only', '--cuda-graph']


ROWS = [
    _predicts_in('full'),
    _predicts_in('half', '--amp'),
    _predicts_in('bf16', '--amp', 'bf16'),
    Row(
        'there is no such half precision',
        lambda world: world.step('--amp', 'fp8'),
        error="argument --amp: invalid choice: 'fp8'.*fp16.*bf16",
    ),
    Row(
        'predictions in one precision are continued in another', _continued, error="precision: 'full' there, 'bf16' now"
    ),
    Row(
        'two ways to be faster',
        lambda world: world.step('--optimize', '--compile'),
        error='--compile: not allowed with argument --optimize',
    ),
    Row(
        'a CUDA graph without a GPU',
        lambda world: world.step('--cuda-graph'),
        error='--cuda-graph needs a GPU; leave it out',
    ),
    Row(
        'a CUDA graph of images',
        lambda world: _image(world, '--cuda-graph'),
        error='unrecognized arguments: --cuda-graph',
    ),
    Row('a CUDA graph of clips', _clip, error='unrecognized arguments: --cuda-graph'),
    Row(
        'fp16 training without a GPU',
        lambda world: world.train('--no-validate', '--cfg-options', 'fp16.loss_scale=dynamic'),
        error='fp16 trains on GPUs only; set fp16=None, on the CPU with bf16=True for half precision',
    ),
    Row(
        'two kinds of half precision',
        lambda world: world.train('--no-validate', '--cfg-options', 'fp16.loss_scale=dynamic', 'bf16=True'),
        error='fp16 and bf16 exclude each other',
    ),
]
