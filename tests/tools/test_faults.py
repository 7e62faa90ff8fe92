"""The table of faults: every row ends with the right result or with one clear error, and writes nowhere else."""

import re
from pathlib import Path
from typing import Set

import pytest

from .conftest import call
from .fault_rows import all_rows
from .world import World

pytestmark = pytest.mark.slow

ROWS = all_rows()

#: The types of an error that a tool shows as one sentence.
CLEAR = (ValueError, OSError, KeyError, RuntimeError, TypeError)


def files_beside_out(folder: Path) -> Set[Path]:
    """Return what lies in a folder, its ``out`` excepted, and beside it."""
    out = folder / 'out'
    return {path for path in folder.rglob('*') if path != out and out not in path.parents} | set(
        folder.parent.iterdir()
    )


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # mmcv leaves a closed temp file
@pytest.mark.parametrize('name', ROWS)
def test_a_fault_is_mended_or_named(world: World, name: str) -> None:
    row = ROWS[name]
    action = row.make(world)
    before = files_beside_out(world.tmp)
    if callable(action):
        if row.error is None:
            result = action()
        else:
            with pytest.raises(CLEAR, match=f'(?s){row.error}'):
                action()
    else:
        script, *args = action
        code, out, err = call(script, *args)
        result = out + err
        assert 'Traceback' not in result, result
        errors = [line for line in result.splitlines() if re.match(r'(\w+\.py: )?error: ', line)]
        if row.error is None:
            assert code in (0, None) and not errors, f'exit {code}\n{result}'
        else:
            assert code in (1, 2) and len(errors) == 1, f'exit {code}\n{result}'
            assert re.search(row.error, result, re.DOTALL), result
    assert files_beside_out(world.tmp) == before, 'something was written outside the output folder'
    if row.expect is not None:
        row.expect(world, result)
