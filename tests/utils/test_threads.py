"""Waiting of threads is bounded before PyTorch is loaded, and a user's own setting wins."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    'own, expected',
    [({}, '5000 None'), ({'GOMP_SPINCOUNT': '7'}, '7 None'), ({'OMP_WAIT_POLICY': 'active'}, 'None active')],
)
def test_a_setting_of_the_user_wins(own: Dict[str, str], expected: str) -> None:
    names = ('GOMP_SPINCOUNT', 'OMP_WAIT_POLICY')
    code = (
        f'import sys, _root, os; assert "torch" not in sys.modules; print(*(os.environ.get(name) for name in {names}))'
    )
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT / 'tools', env={**clean, **own}, capture_output=True, text=True
    )
    assert done.stdout.strip() == expected, done.stderr
