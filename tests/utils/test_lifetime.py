"""Helper processes end with their parent, and only with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import List

import pytest

from tests.helpers.signals import heed_interrupts

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not sys.platform.startswith('linux'), reason='only Linux ties processes together'),
]

LOADER = """
import time
from knet.apis.loader import quiet_worker
from knet.apis.loader_errors import PlainErrorLoader
class Endless:
    def __len__(self): return 10 ** 6
    def __getitem__(self, index): return bytes(200_000)
for number, _ in enumerate(PlainErrorLoader(Endless(), list, 2, worker_init_fn=quiet_worker)):
    if number:  # The second batch is that of the second process.
        print('ready', flush=True)
    time.sleep(0.05)
"""
POOL = """
import time
from multiprocessing import get_context
from knet.utils.lifetime import end_with_parent
if __name__ == '__main__':
    with get_context('spawn').Pool(2, end_with_parent) as pool:
        pool.apply(int)
        print('ready', flush=True)
        pool.map(time.sleep, [100, 100])
"""


def helpers_of(parent: int) -> List[int]:
    """Return the descendants of a process."""
    own = [int(word) for word in Path(f'/proc/{parent}/task/{parent}/children').read_text().split()]
    return own + [other for child in own for other in helpers_of(child)]


def alive(process: int) -> bool:
    """Return whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f'/proc/{process}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except (FileNotFoundError, ProcessLookupError):
        return False


def start(tmp_path: Path, program: str) -> subprocess.Popen:
    """Start a program and wait until its helpers work."""
    (tmp_path / 'program.py').write_text(program)
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[2]))
    started = subprocess.Popen(
        [sys.executable, str(tmp_path / 'program.py')], env=env, stdout=subprocess.PIPE, preexec_fn=heed_interrupts
    )
    assert started.stdout and started.stdout.readline() == b'ready\n'
    return started


@pytest.mark.parametrize('program', [LOADER, POOL], ids=['loader', 'pool'])
def test_helpers_end_with_a_killed_parent(tmp_path: Path, program: str) -> None:
    parent = start(tmp_path, program)
    helpers = helpers_of(parent.pid)
    assert len(helpers) >= 2
    parent.kill()
    parent.wait()
    deadline = time.time() + 10
    while any(map(alive, helpers)) and time.time() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, helpers))


def test_loader_processes_leave_signals_to_their_parent(tmp_path: Path) -> None:
    parent = start(tmp_path, LOADER)
    helpers = helpers_of(parent.pid)
    for helper in helpers:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            os.kill(helper, number)
    time.sleep(0.3)
    assert parent.poll() is None and all(map(alive, helpers))
    parent.send_signal(signal.SIGINT)  # An ordinary end: Python ends its helpers, and waits for them.
    assert parent.wait(timeout=15) != 0
    assert not any(map(alive, helpers))
