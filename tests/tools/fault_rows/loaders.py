"""Faults that a loader process meets: the message is that of the data set, without the traceback of the process."""

from pathlib import Path
from typing import Any, Callable, List

from tests.tools.world import FRAME, World, cut, paint

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


ROWS = [
    Row('training: a class that the label space lacks', lambda w: _train(w, _every_label), error=_CLASS),
    Row(
        'test: a truncated image',
        lambda w: _step(w, lambda folder: cut(folder / f'{FRAME}_leftImg8bit.png')),
        error=rf'error: \S*{FRAME}_leftImg8bit\.png: truncated or damaged PNG [^\n]*remove it\n',
    ),
]
