"""Files that appear complete or not at all, and what killed writers leave behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from knet.utils.atomic import atomic_path, process_exists, sweep_temporaries


@pytest.mark.parametrize('durable', [False, True])
def test_a_file_appears_at_the_end(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / 'deep/file.txt'
    with atomic_path(path, durable) as temporary:
        temporary.write_text('new')
        assert not path.exists() and temporary.suffix == '.txt'
        assert sweep_temporaries(tmp_path) == [], 'its process is alive'
    assert path.read_text() == 'new' and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize('name', ['file.txt', 'file', '.hidden', 'a.b.pth', 'x' * 200])
def test_what_a_killed_writer_leaves_is_swept(tmp_path: Path, name: str) -> None:
    program = (
        'import os, sys\nfrom knet.utils.atomic import atomic_path\n'
        'with atomic_path(sys.argv[1]) as path:\n    path.write_text("half")\n    os._exit(9)\n'
    )
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[2]))
    subprocess.run([sys.executable, '-c', program, str(tmp_path / 'sub' / name)], env=env)
    left = list((tmp_path / 'sub').iterdir())
    assert len(left) == 1 and left[0].read_text() == 'half'
    mine = tmp_path / '.notes.0123456789abcdef.txt'
    mine.write_text('')
    assert sweep_temporaries(tmp_path) == left
    assert list((tmp_path / 'sub').iterdir()) == [] and mine.exists()


def test_files_of_other_machines_stay_for_a_day(tmp_path: Path) -> None:
    path = tmp_path / f'.a.{"0" * 32}.png'
    path.write_text('')
    assert sweep_temporaries(tmp_path) == []
    os.utime(path, (time.time() - 90000,) * 2)
    assert sweep_temporaries(tmp_path) == [path]


def test_processes() -> None:
    assert process_exists(os.getpid()) and not process_exists(2**31 - 5)
