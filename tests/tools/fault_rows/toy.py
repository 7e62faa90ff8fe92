"""Options of the toy streets."""

from typing import Any, Callable, Dict, List

from knet.toy import Difficulty, ToySpec, make_toy_videos
from tests.tools.fault_rows.row import Action, Row
from tests.tools.world import World

_SMALL: Dict[str, Any] = dict(train=1, val=0, frames=1, height=32, width=48)


def _command(*options: Any) -> Callable[[World], Action]:
    """Return what makes a set of toy videos with options."""

    def make(world: World) -> List[Any]:
        return ['dataset/make_toy_videos.py', '--out-dir', world.tmp / 'out/toy', *options]

    return make


def _other_difficulty(world: World) -> Action:
    """Ask for harder streets in the folder of default ones."""
    make_toy_videos(world.tmp / 'toy', 'kitti-step', ToySpec(**_SMALL))
    harder = ToySpec(**_SMALL, difficulty=Difficulty(turn=0.5))
    return lambda: make_toy_videos(world.tmp / 'toy', 'kitti-step', harder)


ROWS = [
    Row(
        'more crossings than there is room for', _command('--crossings', 9), error=r'crossings must be between 0 and 6'
    ),
    Row('a shutter that is never closed', _command('--blur', 2), error=r'blur must be between 0 and 1\.0, got 2\.0'),
    Row(
        'harder streets in a folder of other ones',
        _other_difficulty,
        error=r'other toy videos \(turn: None there, .*0\.5',
    ),
]
