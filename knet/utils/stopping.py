"""Requests to stop end the work where nothing is lost, so that the same command continues it.

Slurm announces the end of a job by a signal, so do launchers and Ctrl-C. Inside of :func:`obey_signals`, SIGTERM,
SIGUSR1 and SIGINT are noted, and the work asks at the end of each step or frame (:func:`check_stop`). A second SIGINT
ends at once.
"""

import os
import signal
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

#: Exit code of a process that was asked to stop and can be continued; EX_TEMPFAIL of sysexits.h.
EXIT_RESUME = 75

_SIGNALS = tuple(getattr(signal, name) for name in ('SIGTERM', 'SIGUSR1', 'SIGINT') if hasattr(signal, name))


class Stopped(Exception):
    """The work was ended on request; the same command continues it."""


class _Request:
    """The request of this process.

    Attributes:
        name: What asked for the stop, such as the name of a signal; None if nothing did.
        depth: Number of nested blocks that obey.
        owner: Process that installed the handlers; children inherit them and are no part of this.
        at_once: Whether a signal ends the work between any two instructions.
    """

    def __init__(self) -> None:
        self.name: Optional[str] = None
        self.depth = 0
        self.owner = 0
        self.at_once = False


_request = _Request()


def request_stop(name: str) -> None:
    """Ask this process to stop at the end of its step.

    Args:
        name: What asks for it.
    """
    if _request.depth and _request.name is None:
        _request.name = name


def stop_requested() -> Optional[str]:
    """Return what asked this process to stop, in the last block that obeys; None if nothing did."""
    return _request.name


def check_stop() -> None:
    """Raise an error if a stop was asked for, within a block that obeys.

    Raises:
        Stopped: Naming what asked for it.
    """
    if _request.depth and _request.name is not None:
        raise Stopped(f'stopped by {_request.name}')


def _handle(number: int, frame: Any) -> None:
    if os.getpid() != _request.owner:  # A forked helper: what it would do without us.
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.kill(os.getpid(), number)
        return
    again = _request.name is not None
    if again and number == signal.SIGINT:
        raise KeyboardInterrupt
    request_stop(signal.Signals(number).name)
    if not again and os.environ.get('RANK', '0') == '0':
        # Not print, which may be interrupted in the middle of its own work.
        os.write(2, f'{_request.name}: stopping at the end of this step; Ctrl-C ends at once\n'.encode())
    if _request.at_once:
        check_stop()


@contextmanager
def obey_signals(at_once: bool = False) -> Iterator[None]:
    """Obey signals in order for the duration of a block; does nothing outside of the main thread.

    Args:
        at_once: Whether a request ends the block anywhere in it, for work that has no steps and may be lost. Otherwise
            the block calls :func:`check_stop` at the end of its steps.

    Raises:
        Stopped: With ``at_once``, if a stop is or was asked for.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Dict[int, Any] = {}
    if _request.depth == 0:
        _request.name, _request.owner = None, os.getpid()
        before = {number: signal.signal(number, _handle) for number in _SIGNALS}
    mode = _request.at_once
    _request.depth += 1
    _request.at_once = at_once
    try:
        if at_once:
            check_stop()
        yield
    finally:
        _request.depth -= 1
        _request.at_once = mode
        for number, handler in before.items():
            signal.signal(number, handler)
