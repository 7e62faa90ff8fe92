"""Faults that a loader process meets: the message is that of the data set, without the traceback of the process."""

import json
from pathlib import Path
from typing import Any, Callable, List

import torch

from knet.layouts.coco_video import per_frame
from knet.utils.io import write_json_atomic
from tests.tools.conftest import ROOT
from tests.tools.world import FRAME, World, cut, paint
from tests.vis.conftest import CONFIG
from tests.vis.vis_mini import write_official

from .row import Row

_WORKER = 'data.workers_per_gpu=1'
#: The whole line of an error that names a label map and says what to do.
_CLASS = r'error: \S*panoptic\.png: unknown class ids \[77\]; [^\n]*label_space in the data set config\.\n'


def _train(world: World, spoil: Callable[[Path], Any]) -> List[Any]:
    root = world.data('train', spoil)
    options = [f'data.train.dataset.data_root={root}', _WORKER]
    # The work directory of the training is what it writes.
    return ['train.py', world.config, '--work-dir', world.tmp / 'out', '--no-validate', '--cfg-options', *options]


def _step(world: World, spoil: Callable[[Path], Any]) -> List[Any]:
    return [*world.step_on(spoil), _WORKER]


def _every_label(folder: Path) -> None:
    for path in folder.glob('*panoptic.png'):
        paint(77)(path)


def _whole_video(world: World) -> List[Any]:
    """Return a test of whole videos of which one frame is truncated."""
    root = write_official(world.tmp / 'data')
    for subset in ('train', 'valid'):
        document = per_frame(json.loads((root / f'{subset}.json').read_text()))
        write_json_atomic(root / f'annotations/youtube_vis_2019_{subset}.json', document)
    cut(sorted((root / 'valid/JPEGImages').rglob('*.jpg'))[1])
    config = world.file(
        'clip.py', CONFIG.format(root=ROOT, data=root).replace('workers_per_gpu=0', 'workers_per_gpu=1')
    )
    weights = world.weights('clip.pth', dict(state_dict=dict(scale=torch.ones(1)), meta={}))
    tool = '../tools_vis/test_whole_video.py'
    return [tool, config, weights, '--eval', 'segm', '--out-dir', world.tmp / 'out']


ROWS = [
    Row('training: a class that the label space lacks', lambda w: _train(w, _every_label), error=_CLASS),
    Row(
        'test: a truncated image',
        lambda w: _step(w, lambda folder: cut(folder / f'{FRAME}_leftImg8bit.png')),
        error=rf'error: \S*{FRAME}_leftImg8bit\.png: truncated or damaged PNG [^\n]*remove it\n',
    ),
    Row(
        'test of whole videos: a truncated image',
        _whole_video,
        error=r'error: \S*\.jpg: [^\n]*(truncated|damaged)[^\n]*\n',
    ),
]
