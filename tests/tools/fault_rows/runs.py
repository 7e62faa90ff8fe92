"""Faults of runs: folders in use, damaged checkpoints, values that are not finite, full folders."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import torch

from tests.tools.conftest import ROOT
from tests.tools.world import World

from .row import Row

#: It holds a folder for longer than any program takes to find that out.
HOLDER = """
import sys, time
from knet.utils.lock import lock_folder
lock_folder(sys.argv[1])
print(flush=True)
time.sleep(30)
"""


def in_use(world: World, folder: str, command: List[Any]) -> List[Any]:
    """Let another process hold a folder, and return the command."""
    env = dict(os.environ, PYTHONPATH=str(ROOT))
    (world.tmp / folder).mkdir()
    other = subprocess.Popen(
        [sys.executable, '-c', HOLDER, str(world.tmp / folder)], env=env, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout and other.stdout.readline() == '\n'
    return command


def abandoned(world: World) -> List[Any]:
    """Leave the lock and a half-written file of a process that has ended."""
    out = world.tmp / 'out'
    out.mkdir()
    (out / '.lock').write_text(json.dumps(dict(host=os.uname().nodename, process=2**31 - 5, started='', command='')))
    (out / f'.manifest.{"0" * 32}.json').write_text('{')
    os.utime(out / f'.manifest.{"0" * 32}.json', (0, 0))
    return world.step()


def is_swept(world: World, _: Any) -> None:
    """Assert that nothing of an earlier run is left."""
    assert not [path for path in (world.tmp / 'out').rglob('.*') if path.is_file()]


def resumed(world: World, spoil: Callable[[Path], Any]) -> List[Any]:
    """Return the command that continues a copy of the training, in whose folder something is wrong."""
    work = world.tmp / 'out'
    shutil.copytree(str(world.trained), str(work), symlinks=True)
    spoil(work)
    return ['train.py', world.config, '--work-dir', work, '--auto-resume', '--no-validate']


def cut_newest(work: Path) -> None:
    """Truncate the newest checkpoint and remove the one before."""
    (work / 'epoch_2.pth').write_bytes(b'PK\x03\x04')
    (work / 'epoch_1.pth').write_bytes(b'')


def weights(world: World, change: Callable[[Dict[str, torch.Tensor]], None]) -> Path:
    """Return the trained checkpoint with other weights."""
    content = torch.load(str(world.trained / 'latest.pth'), weights_only=False)
    change(content['state_dict'])
    return world.weights('changed.pth', content)


def poison(state: Dict[str, torch.Tensor]) -> None:
    """Make the last class layer NaN."""
    name = next(key for key in reversed(list(state)) if 'fc_cls' in key and key.endswith('weight'))
    state[name].fill_(float('nan'))


ROWS = [
    Row(
        'a work directory that another training uses',
        lambda w: in_use(w, 'work', w.train('--no-validate')),
        error='work is in use by process .* wait for it, choose another folder',
    ),
    Row(
        'an output folder that another test uses',
        lambda w: in_use(w, 'out', w.step()),
        error='out is in use by process .* wait for it, choose another folder',
    ),
    Row('the lock and a half-written file of a killed run', abandoned, expect=is_swept),
    Row(
        'a work directory whose checkpoints are all damaged',
        lambda w: resumed(w, cut_newest),
        error='checkpoint .*latest.pth is damaged',
    ),
    Row(
        'a list of evaluations that is cut off',
        lambda w: [*resumed(w, lambda work: (work / 'evaluations.json').write_text('{"eval'))[:-1], '--seed', 5],
        error='evaluations.json: damaged',
    ),
    Row(
        'weights that are not finite, at test',
        lambda w: w.step(checkpoint=weights(w, poison)),
        error='the network computed scores or masks that are not finite; use a checkpoint',
    ),
    Row(
        'weights that are not finite, to start a training from',
        lambda w: w.train('--no-validate', '--load-from', weights(w, poison), '--work-dir', w.tmp / 'out'),
        error='iteration 1: not finite: .*loss.*no checkpoint was written yet.*skip_non_finite',
    ),
    Row(
        'a timeout of no minutes',
        lambda w: w.step('--launcher', 'pytorch', '--timeout', 0),
        error='(--timeout 0: give a number of minutes above 0|RANK is not set)',
    ),
]
