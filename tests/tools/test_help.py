"""``--help`` of every tool answers at once: nothing that takes seconds to import is imported for it."""

import subprocess
import sys

import pytest

from tests.tools.conftest import ENVIRONMENT, ROOT, TOOLS

pytestmark = pytest.mark.process

#: Runs every tool as a program, in one process in which the slow libraries cannot be imported.
PROGRAM = """
import contextlib, io, runpy, sys
for name in ('torch', 'torchvision', 'mmcv', 'mmdet', 'mmseg', 'matplotlib', 'scipy'):
    sys.modules[name] = None
for tool in sys.argv[1:]:
    sys.argv, sys.path[0] = [tool, '--help'], tool.rpartition('/')[0]
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            runpy.run_path(tool, run_name='__main__')
    except SystemExit as end:
        if end.code or 'usage:' not in text.getvalue():
            print(tool, end.code, file=sys.stderr)
    except ImportError as error:
        print(tool, error, file=sys.stderr)
"""


def test_help_needs_no_slow_library() -> None:
    assert len(TOOLS) > 30
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, *(str(ROOT / tool) for tool in TOOLS)],
        env=ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert not done.returncode and not done.stderr, done.stderr
