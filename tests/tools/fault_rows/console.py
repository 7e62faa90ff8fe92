"""Faults of what is typed: options that do not exist, toy data that were not made yet."""

from typing import Any, List

from tests.tools.conftest import ROOT
from tests.tools.world import World

from .row import Row


def train_on_toys(world: World) -> List[Any]:
    """Return the training of a shipped config on toy data that nobody made."""
    return ['train.py', ROOT / 'configs/toy/video_knet_toy_kitti_step.py', '--work-dir', world.tmp / 'out']


ROWS = [
    Row(
        'an option with _ in place of -',
        lambda w: ['train.py', w.config, '--work_dir', w.tmp / 'out'],
        error='--work_dir: did you mean --work-dir',
    ),
    Row(
        'an option that misses a letter',
        lambda w: ['test_step.py', w.config, w.trained, '--outdir', w.tmp / 'out'],
        error='--outdir: did you mean --out-dir',
    ),
    Row(
        'a required option misspelt',
        lambda w: ['visualize.py', w.predicted, w.street, '--Out_Dir', w.tmp / 'out'],
        error='required: --out-dir.*--Out_Dir: did you mean --out-dir',
    ),
    Row(
        'training on toy data that were not made',
        train_on_toys,
        error='make_toy_videos.py --layout kitti-step --out-dir data/toy/kitti-step',
    ),
    Row(
        'ground truth of toy data that were not made',
        lambda w: ['eval_dstq_vipseg.py', w.predicted, 'data/toy/vipseg', '--label-space', 'kitti_step'],
        error='make_toy_videos.py --layout vipseg --out-dir data/toy/vipseg',
    ),
]
