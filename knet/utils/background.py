"""File work in a thread of its own, while the network computes."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Callable, Deque

from knet.utils.stopping import Stopped

_PENDING_WRITES = 8


class BackgroundWriter:
    """Do file work in one thread, in order, while the network computes.

    At most :data:`_PENDING_WRITES` jobs wait; an error of a job is raised by
    the next call. At the end of the block all jobs are done, also when it ends
    by a request to stop; after an error those that wait are dropped.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pending: Deque[Future] = deque()

    def submit(self, job: Callable[..., Any], *args: Any) -> None:
        """Queue ``job(*args)``; waits while too many jobs are queued."""
        while self._pending and (self._pending[0].done() or len(self._pending) >= _PENDING_WRITES):
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(job, *args))

    def __enter__(self) -> 'BackgroundWriter':
        return self

    def __exit__(self, error_type: Any, *_: Any) -> None:
        for job in self._pending:
            if error_type in (None, Stopped):
                job.result()
            else:
                job.cancel()
        self._pool.shutdown(wait=True)
