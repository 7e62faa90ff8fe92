"""All five benchmarks from fake official archives to their tables, with trainings; only when asked for.

FULL_REPRODUCTION=1 python -m pytest tests/tools/test_reproduce_all.py
"""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from .conftest import ENVIRONMENT, ROOT
from .reproduction import BENCHMARKS, SPEC, archives_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.process,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not os.environ.get('FULL_REPRODUCTION'), reason='6 minutes; FULL_REPRODUCTION=1 runs it'),
]


@pytest.mark.parametrize('benchmark', BENCHMARKS)
def test_archives_become_a_table(benchmark: str, tmp_path: Path) -> None:
    # Long enough for the windows of VPQ and VC.
    frames = 18 if benchmark == 'vspw' else 6
    archives = archives_of(benchmark, tmp_path, replace(SPEC, frames=frames))
    words = [benchmark, '--archives', str(archives), '--work-dir', str(tmp_path / 'work'), '--toy']
    command = ['bash', str(ROOT / 'tools/reproduce.sh'), *words]
    done = subprocess.run(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-4000:]
    rows = json.loads((tmp_path / 'work/results.json').read_text())['rows']
    assert rows and all(row['official'] is not None for row in rows)
    again = subprocess.run(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert again.returncode == 0 and '\n== ' not in again.stdout, again.stdout
