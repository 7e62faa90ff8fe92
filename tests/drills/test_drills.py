"""The drills as tests: ``DRILLS=1 python -m pytest tests/drills``. The suite skips them, for they take ten minutes."""

import os
from pathlib import Path

import pytest

from tests.drills.drills import DRILLS
from tests.drills.scene import Scene

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.skipif(not os.environ.get('DRILLS'), reason='takes ten minutes or more; DRILLS=1 runs it'),
]


@pytest.fixture(scope='module')
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return where the drills take place."""
    return Scene(Path(tmp_path_factory.mktemp('drills')))


@pytest.mark.parametrize('name', DRILLS)
def test_a_drill_holds(scene: Scene, name: str) -> None:
    outcome = DRILLS[name](scene)
    assert outcome.holds, outcome
