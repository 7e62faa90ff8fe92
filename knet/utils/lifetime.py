"""Helper processes that end with the process that started them, and that leave signals to it."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from typing import Optional

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: Optional[int] = None) -> None:
    """Let the system kill this process when the process that started it ends, however that ends.

    Without this a helper can outlive a killed parent for minutes, because it waits for a pipe whose other end it holds
    itself. Only Linux can do that; elsewhere nothing happens.

    Args:
        parent: Process number of the parent; by default the one that :mod:`multiprocessing` knows.
    """
    if not sys.platform.startswith('linux'):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    starter = multiprocessing.parent_process()
    if parent is None and starter is not None and multiprocessing.get_start_method(allow_none=True) != 'forkserver':
        parent = starter.pid
    if parent is not None and os.getppid() != parent:  # It ended before the call above.
        os._exit(1)


def helper_process(*_: object) -> None:
    """Prepare a process that serves another one, such as a loader process; the first call in it.

    A terminal, Slurm and launchers signal all processes of a job. What a signal means is decided by the main process,
    which needs its helpers until the current step ends. Therefore only the parent may end a helper.
    """
    for name in ('SIGINT', 'SIGUSR1'):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, 'sigwaitinfo'):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_obey, args=(os.getppid(),), daemon=True).start()
    end_with_parent()


def _obey(parent: int) -> None:
    """End this process when ``parent`` asks for it, and at no request of another process."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(128 + signal.SIGTERM)
