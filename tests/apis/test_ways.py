"""Ways to compute that users choose: half precision, TF32, a compiled network, CUDA graphs."""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy as np
import pytest
import torch
from torch import Tensor

from knet.apis import VideoSegmenter, graphs, init_model, load_config, optimize_model
from knet.apis.running import inference_context
from knet.utils.cli import UsageError
from tests.gpu.kinds import KINDS, frames
from tests.gpu.test_models import assert_near
from tests.models import ROOT

from .test_train import run

pytestmark = pytest.mark.slow

CPU = torch.device('cpu')
STREAMS = ROOT / 'configs/toy/video_knet_toy_kitti_step.py'


@pytest.mark.parametrize(
    'half, dtype', [(False, torch.float32), (True, torch.bfloat16), ('bf16', torch.bfloat16), ('fp16', torch.float16)]
)
def test_half_precision_of_inference(half: Any, dtype: torch.dtype) -> None:
    with inference_context(CPU, half):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype


@pytest.mark.parametrize('half', ['fp16', 'bf16'])
def test_half_precision_predicts_about_the_same(half: str) -> None:
    """Random weights have masks near the threshold, so a few pixels may differ."""
    pictures = list(np.random.RandomState(0).randint(0, 255, (2, 48, 80, 3), dtype=np.uint8))
    found = []
    for amp in (False, half):
        torch.manual_seed(0)
        segmenter = VideoSegmenter(str(STREAMS), device='cpu', amp=amp)
        found.append(np.stack([prediction.semantic for _, prediction in segmenter.stream(pictures)]))
    assert (found[0] == found[1]).mean() > 0.9


def test_bfloat16_trains(config: Path, tmp_path: Path) -> None:
    """The losses of the first steps, whose weights are about the same, are about the same, but not equal."""
    losses = []
    for name, half in (('plain', False), ('half', True)):
        run(config, tmp_path / name, bf16=half)
        (log,) = (tmp_path / name).glob('*.log.json')
        steps = map(json.loads, log.read_text().splitlines()[1:3])
        losses.append([step['loss'] for step in steps])
    assert losses[0] != losses[1] and losses[1] == pytest.approx(losses[0], rel=0.02)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(fp16=dict(loss_scale=512.0)), 'fp16 trains on GPUs only.*bf16=True'),
        (dict(fp16=dict(loss_scale=512.0), bf16=True), 'exclude each other'),
    ],
)
def test_half_precision_that_cannot_train(config: Path, tmp_path: Path, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        run(config, tmp_path / 'work', **settings)


@pytest.fixture
def switches() -> Iterator[Callable[[], List[bool]]]:
    """Set torch's switches of TF32 to their defaults, return a function that reads them, and restore them."""
    places = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [place.allow_tf32 for place in places]
    for values in ([False, True], before):
        for place, value in zip(places, values):
            place.allow_tf32 = value
        if values is not before:
            yield lambda: [place.allow_tf32 for place in places]


@pytest.mark.parametrize('allow, expected', [(None, [False, True]), (True, [True, True]), (False, [False, False])])
def test_tf32_is_a_key_of_the_config(switches: Callable[[], List[bool]], allow: Any, expected: List[bool]) -> None:
    init_model(load_config(str(STREAMS), {} if allow is None else {'allow_tf32': allow}), device='cpu')
    assert switches() == expected


needs_compiler = pytest.mark.skipif(not any(map(shutil.which, ('c++', 'g++', 'clang++'))), reason='no C++ compiler')


@needs_compiler
@pytest.mark.parametrize('name', ['image', 'semantic'])
def test_a_compiled_network_is_plain(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Traced only, because code generation takes minutes; the network of a frame stays one graph per part."""
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager', fullgraph=True))
    model, video = KINDS[name].model(CPU).eval(), frames(2, CPU)
    with torch.inference_mode():
        expected, keys = KINDS[name].network(model, video), list(model.state_dict())
        assert_near(KINDS[name].network(optimize_model(model, 'compile'), video), expected, 1e-4)
    assert list(model.state_dict()) == keys


def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('CXX', raising=False)
    monkeypatch.setenv('PATH', '')


def wrong_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('CXX', 'no-such-compiler')


@pytest.mark.parametrize(
    'spoil, way, message',
    [
        (no_compiler, 'compile', 'there is no C++ compiler (c++, g++, clang++); install one'),
        (wrong_compiler, 'compile', 'there is no C++ compiler (no-such-compiler)'),
        (lambda monkeypatch: None, 'graph', '--cuda-graph needs a GPU; leave it out'),
    ],
)
def test_ways_that_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pytest.MonkeyPatch], None], way: str, message: str
) -> None:
    model = KINDS['stream'].model(CPU)
    spoil(monkeypatch)
    with pytest.raises(UsageError, match=re.escape(message)):
        optimize_model(model, way)


def test_other_models_are_no_graphs() -> None:
    with pytest.raises(UsageError, match='replays panoptic video models, not KNet; leave it out'):
        optimize_model(KINDS['image'].model(CPU), 'graph')


@needs_compiler
def test_a_compiler_that_fails_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: Any, inputs: Any) -> Any:
        raise RuntimeError('the compiler crashed')

    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend=broken))
    model = optimize_model(KINDS['image'].model(CPU).eval(), 'compile')
    with torch.inference_mode(), pytest.raises(UsageError, match='--compile: torch cannot compile .*compiler crashed'):
        model.extract_feat(frames(1, CPU))


def pretended_capture(run: Callable[[], Any]) -> Tuple[Callable[[], None], Any]:
    """Record as a CUDA graph does: inputs and outputs stay where they are, and a replay overwrites the outputs."""
    output = run()

    def replay() -> None:
        for place, value in zip(tensors(output), tensors(run())):
            place.copy_(value)

    return replay, output


def tensors(output: Any) -> List[Tensor]:
    return [value for part in (output.proposals, output.stage) for value in vars(part).values() if value is not None]


def test_a_replayed_network_links_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two videos in turn, and a frame of another size between them."""
    monkeypatch.setattr(graphs, 'capture', pretended_capture)
    kind = KINDS['stream']
    model, videos = kind.model(CPU).eval(), [frames(4, CPU), frames(3, CPU)[..., :64], frames(3, CPU).flip(3)]
    with torch.inference_mode():
        expected = [kind.predict(model, video) for video in videos]
        network = model.forward_network = graphs.GraphedNetwork(model.forward_network)
        found = [kind.predict(model, video) for video in videos]
    assert len(network._replays) == 2
    assert all(np.array_equal(a, b) for before, after in zip(expected, found) for a, b in zip(before, after))
