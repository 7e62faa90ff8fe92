"""Workers compute what one process would, pass errors on, load no network library and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

from knet.evaluation.workers import map_in_processes
from knet.utils.cli import UsageError
from tests.helpers.signals import heed_interrupts

pytestmark = pytest.mark.process

ROOT = Path(__file__).resolve().parents[2]


class Odd(Exception):
    """An error that cannot be unpickled."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f'{a} and {b}')


def work(base: int, item: Any) -> Any:
    """Do what the item says."""
    if item == 'modules':
        return sorted({'torch', 'mmcv', 'mmdet'} & set(sys.modules))
    if item == 'die':
        os.kill(os.getpid(), signal.SIGKILL)
    if item == 'fail':
        raise FileNotFoundError('x.png: no such file')
    if item == 'odd':
        raise Odd(1, 2)
    print('a metric may print')
    return base + item


@pytest.mark.parametrize('nproc', [1, 3])
def test_results_keep_their_order(nproc: int, capfd: pytest.CaptureFixture) -> None:
    assert map_in_processes(work, (10,), [3, 1, 2, 0], nproc) == [13, 11, 12, 10]
    assert 'a metric may print' in capfd.readouterr().err


def test_a_worker_loads_no_network_library() -> None:
    import torch  # noqa: F401  as in the programs that score what they have predicted

    assert map_in_processes(work, (0,), ['modules'], 1) == [[]]


@pytest.mark.parametrize(
    'item, error, text',
    [
        ('fail', FileNotFoundError, 'x.png: no such file'),
        ('odd', RuntimeError, 'Odd: 1 and 2'),
        ('die', UsageError, 'a process of --nproc was killed by SIGKILL; if memory ran out'),
    ],
)
def test_the_first_failure_ends_all(item: str, error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        map_in_processes(work, (0,), [1, item, *range(100)], 2)


PROGRAM = r"""
import os, sys, time
from knet.evaluation.workers import map_in_processes

class Sleeper:
    pass

def sleep(job, item):
    assert isinstance(job, Sleeper)
    os.write(2, b'%d\n' % os.getpid())  # in one piece, because two processes write
    time.sleep(item)
    return item

if __name__ == '__main__':
    print(map_in_processes(sleep, (Sleeper(),), [float(a) for a in sys.argv[1:]], 2))
"""


def start(folder: Path, *args: str) -> 'subprocess.Popen[str]':
    (folder / 'program.py').write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, str(folder / 'program.py'), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        preexec_fn=heed_interrupts,
    )


def test_the_program_itself_may_hold_the_classes(tmp_path: Path) -> None:
    out, err = start(tmp_path, '0', '0.01').communicate(timeout=60)
    assert out == '[0.0, 0.01]\n', err


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    with start(tmp_path, '0.5', '0.5', '0.5', '0.5', '60') as program:
        assert program.stderr is not None
        workers: List[int] = sorted({int(program.stderr.readline()) for _ in range(2)})
        program.send_signal(how)
        program.wait(30)
        alive: Dict[int, bool] = {}
        for _ in range(100):
            alive = {number: Path(f'/proc/{number}/cmdline').exists() for number in workers}
            if not any(alive.values()):
                break
            time.sleep(0.1)
    assert not any(alive.values())
