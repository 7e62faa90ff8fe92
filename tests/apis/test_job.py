"""What the processes of a job know of each other, with one store and several views of it in one process."""

import os
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any, Iterator, List

import pytest
from torch.distributed import TCPStore

from knet.apis import job as job_module
from knet.apis.job import Job
from knet.utils.stopping import Stopped, obey_signals, stop_requested
from tests.tools.conftest import ENVIRONMENT, ROOT, free_port, street, toy_config  # noqa: F401  (fixtures)

pytestmark = pytest.mark.process


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Make the views of several ranks on one store; what they would end with is collected in ``made.ends``."""
    port, made = free_port(), []
    ends: List[List[str]] = []
    monkeypatch.setattr(Job, '_give_up', lambda self, behind: ends.append(behind))

    def make(world_size: int, timeout: float) -> List[Job]:
        server = TCPStore('127.0.0.1', port, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=20))
        for rank in range(world_size):
            own = TCPStore('127.0.0.1', port, is_master=False, wait_for_workers=False, timeout=timedelta(seconds=20))
            made.append(Job(server, own, rank, world_size, timeout))
        return made

    make.ends = ends  # type: ignore[attr-defined]
    yield make
    for one in made:
        one.leave()


def wait_for(condition: Any, seconds: float = 10) -> bool:
    """Wait until something is true, or for some seconds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def test_all_stop_after_the_same_step(jobs: Any) -> None:
    first, second = jobs(2, 60)
    with obey_signals():
        assert not first.agree_to_stop(4, None) and not second.agree_to_stop(4, None)
        assert not first.agree_to_stop(5, 'SIGUSR1')  # The second may have begun step 6 already.
        assert not second.agree_to_stop(5, 'SIGTERM')
        assert second.agree_to_stop(6, 'SIGTERM') and first.agree_to_stop(6, 'SIGUSR1')
        assert stop_requested() == 'SIGUSR1'


def test_a_process_without_progress_is_named(jobs: Any) -> None:
    first, second = jobs(2, 1)
    for step in range(3):
        first.tick(f'step {step}')
        second.tick(f'step {step}')
    assert wait_for(lambda: first.tick('step 3, computing') or jobs.ends)
    assert jobs.ends[0][0].startswith('rank 1 (step 2) answered ') and len(jobs.ends[0]) == 1
    assert '2 processes answer; furthest behind: rank 1 (step 2)' in first.summary(time.monotonic())


def test_a_process_that_waits_is_not_blamed(jobs: Any) -> None:
    first, second = jobs(2, 0.5)
    first.tick('step 1')
    with second.waiting('scoring'), first.waiting('for the score'):
        assert not wait_for(lambda: jobs.ends, 1.5)
    first.leave()
    with second.waiting('scoring'):  # Who has left is not missed.
        assert not wait_for(lambda: jobs.ends, 1.5)


def test_a_process_that_does_not_answer_is_named(jobs: Any) -> None:
    first, second = jobs(2, 0.5)
    second._ended.set()  # Its threads end as if it were frozen ...
    for thread in second._threads:
        thread.join()
    second.store.set('beat/1', '9 1 work step 1')  # ... in the middle of its work.
    with first.waiting('for the others'):
        assert wait_for(lambda: jobs.ends)
    assert jobs.ends[0][0].startswith('rank 1 (step 1) answered')


def test_waiting_ends_when_a_stop_is_asked_for(jobs: Any) -> None:
    first, second = jobs(2, 60)
    with obey_signals():
        first._ask(0, 'SIGTERM')
        with pytest.raises(Stopped):
            second._interval = 0
            assert wait_for(lambda: stop_requested() is not None, 15)
            second.barrier()


@pytest.mark.parametrize('first_to_stop', [0, 1])
def test_the_keeper_of_the_store_leaves_last(jobs: Any, first_to_stop: int) -> None:
    """Whoever comes first; otherwise the others lose their connection in the middle of a word."""
    ranks, left = jobs(2, 60), []

    def stop(rank: int) -> None:
        ranks[rank].gather_stopped('SIGTERM')
        left.append(rank)

    order = [first_to_stop, 1 - first_to_stop]
    threads = [Thread(target=stop, args=(rank,)) for rank in order]
    with obey_signals():
        threads[0].start()
        time.sleep(0.3)
        assert not left
        threads[1].start()
        for thread in threads:
            thread.join(20)
    assert left == [1, 0] and not any(thread.is_alive() for rank in ranks for thread in rank._threads)


def test_a_heartbeat_is_logged(jobs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(job_module, '_HEARTBEAT', 0.1)
    caplog.set_level('INFO', 'mmdet')
    jobs(2, 1)
    assert wait_for(lambda: 'furthest behind' in caplog.text)


@pytest.mark.slow
def test_a_frozen_rank_ends_the_job(toy_config: Path, tmp_path: Path) -> None:  # noqa: F811
    words = ['job', toy_config, 2, tmp_path / 'w', '--no-validate', '--timeout', 0.2]
    options = ['--cfg-options', 'runner.max_epochs=500', 'data.samples_per_gpu=1']
    log = tmp_path / 'log'
    with log.open('w') as file:
        launcher = subprocess.Popen(
            ['sh', str(ROOT / 'tools/dist_train.sh'), *map(str, [*words, *options])],
            env=ENVIRONMENT,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    # By then the ranks have said more than once where they are.
    assert wait_for(lambda: 'epoch 15/500' in log.read_text(), 120), log.read_text()
    children = Path(f'/proc/{launcher.pid}/task/{launcher.pid}/children').read_text().split()
    frozen = next(c for c in children if b'\0RANK=1\0' in Path(f'/proc/{c}/environ').read_bytes())
    os.kill(int(frozen), signal.SIGSTOP)
    assert wait_for(lambda: 'No progress for 12 s' in log.read_text(), 60), log.read_text()
    os.kill(int(frozen), signal.SIGKILL)
    assert launcher.wait(timeout=60) == 1
    assert 'error: rank 1 (step ' in log.read_text()
