"""Requests to stop are noted, obeyed where nothing is lost, and left alone outside."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from knet.utils.background import BackgroundWriter
from knet.utils.cli import run_tool
from knet.utils.stopping import EXIT_RESUME, Stopped, check_stop, obey_signals, request_stop, stop_requested

pytestmark = pytest.mark.skipif(os.name != 'posix', reason='signals of POSIX')


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_is_noted_until_the_work_asks(number: int) -> None:
    before = signal.getsignal(number)
    with obey_signals():
        check_stop()
        os.kill(os.getpid(), number)
        with obey_signals():
            assert stop_requested() == signal.Signals(number).name
        with pytest.raises(Stopped, match=signal.Signals(number).name):
            check_stop()
    assert signal.getsignal(number) == before
    with obey_signals():
        check_stop()


def test_a_second_interrupt_ends_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), obey_signals():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop_requested() == 'SIGTERM'
        os.kill(os.getpid(), signal.SIGINT)


def test_work_without_steps_ends_in_the_middle() -> None:
    with obey_signals():
        with pytest.raises(Stopped), obey_signals(at_once=True):
            os.kill(os.getpid(), signal.SIGUSR1)
            pytest.fail('went on')
        with pytest.raises(Stopped), obey_signals(at_once=True):
            pytest.fail('began')


def test_requests_of_others_and_other_threads() -> None:
    request_stop('another process')
    with obey_signals():
        assert stop_requested() is None, 'a request from before'
        request_stop('another process')
        with pytest.raises(Stopped, match='another process'):
            check_stop()

    def work() -> None:
        with obey_signals():
            pass

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_forked_helpers_die_of_signals() -> None:
    with obey_signals():
        ready, write = os.pipe()
        child = os.fork()
        if not child:
            os.write(write, b'x')
            time.sleep(20)
            os._exit(0)
        os.read(ready, 1)
        os.kill(child, signal.SIGTERM)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGTERM
        assert stop_requested() is None


def test_what_waits_is_written_before_the_end(tmp_path: Path) -> None:
    for error, count in ((Stopped, 5), (ValueError, 1)):
        done = []
        with pytest.raises(error), BackgroundWriter() as writer:
            for number in range(5):
                writer.submit(lambda n, into=done: (time.sleep(0.05), into.append(n)), number)
            raise error
        assert (len(done) == 5) == (count == 5)


def test_tools_end_with_a_code_of_their_own(capsys: pytest.CaptureFixture) -> None:
    def main() -> None:
        raise Stopped('stopped by SIGUSR1')

    with pytest.raises(SystemExit) as end:
        run_tool(main)
    assert end.value.code == EXIT_RESUME == 75
    assert capsys.readouterr().err == 'stopped by SIGUSR1\n'


@pytest.mark.process
def test_the_module_is_light() -> None:
    program = 'import sys, knet.utils.stopping, knet.utils.lock; print("torch" in sys.modules)'
    env = dict(os.environ, PYTHONPATH=str(Path(__file__).resolve().parents[2]))
    assert subprocess.check_output([sys.executable, '-c', program], env=env) == b'False\n'
