"""One run, one folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from knet.utils import lock
from knet.utils.cli import UsageError
from knet.utils.lock import lock_folder, locked, unlock_folder

HOLDER = """
import sys, time
from knet.utils.lock import lock_folder
lock_folder(sys.argv[1])
print('held', flush=True)
time.sleep(60)
"""


def hold(folder: Path) -> subprocess.Popen:
    """Start another process that holds the lock."""
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[2]))
    other = subprocess.Popen([sys.executable, '-c', HOLDER, str(folder)], env=env, stdout=subprocess.PIPE)
    assert other.stdout and other.stdout.readline() == b'held\n'
    return other


def test_a_lock_is_held_once_and_leaves_nothing(tmp_path: Path) -> None:
    with locked(tmp_path / 'new'):
        assert json.loads((tmp_path / 'new/.lock').read_text())['process'] == os.getpid()
        with locked(tmp_path / 'new'):
            pass
        assert (tmp_path / 'new/.lock').exists()
    assert list((tmp_path / 'new').iterdir()) == []
    unlock_folder(tmp_path / 'new')


def test_the_holder_is_named_and_its_end_frees_the_folder(tmp_path: Path) -> None:
    other = hold(tmp_path)
    with pytest.raises(UsageError, match=f'in use by process {other.pid} on .*, started .*choose another folder'):
        lock_folder(tmp_path)
    with locked(tmp_path, hold=False):
        pass
    lock_folder(tmp_path, '.1-of-2')  # A share of the work on purpose.
    unlock_folder(tmp_path, '.1-of-2')
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (tmp_path / '.lock').exists(), 'a stale lock'
    lock_folder(tmp_path)
    unlock_folder(tmp_path)
    assert not (tmp_path / '.lock').exists()


@pytest.mark.parametrize('content, job, free', [
    (dict(process=2**31 - 5), None, True),
    (dict(process=os.getpid()), None, False),
    (dict(process=1, host='elsewhere'), None, False),
    (dict(process=1, host='elsewhere', job='7'), '7', True),
    (dict(process=1, host='elsewhere', job='7'), '8', False),
    (None, None, False),
])  # fmt: skip
def test_file_systems_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict, job: str, free: bool
) -> None:
    monkeypatch.setattr(lock, '_lock', lambda _: None)
    monkeypatch.setattr(lock, '_slurm_job', lambda: job)
    with locked(tmp_path):
        pass
    about = dict(host=lock._description()['host'], started='today', command='train.py')
    (tmp_path / '.lock').write_text(json.dumps(dict(about, **content)) if content else '')
    if not free:
        with pytest.raises(UsageError, match='remove .*lock if you are sure'):
            lock_folder(tmp_path)
    else:
        lock_folder(tmp_path)
        unlock_folder(tmp_path)


def test_half_written_files_are_swept(tmp_path: Path) -> None:
    left = tmp_path / f'.a.{"0" * 32}.png'
    left.write_text('')
    os.utime(left, (time.time() - 90000,) * 2)
    with locked(tmp_path):
        assert not left.exists()
