"""Share out work among processes that import only what the work needs.

A worker is a new Python that receives the job once, then one item after another, and answers each. It neither repeats
the program that started it, which may have loaded a network, nor inherits its threads. It ends when its parent does,
however that happens, because its input ends then.
"""

import os
import pickle
import runpy
import signal
import subprocess
import sys
import traceback
import types
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from typing import Any, BinaryIO, Callable, Dict, Iterator, List, Sequence, Tuple

import cv2

from knet.utils.cli import UsageError, debug_requested
from knet.utils.travel import portable

#: Program of a worker: it finds the modules that its parent finds.
_PROGRAM = (
    'import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); '
    'from knet.evaluation.workers import serve; serve()'
)
#: A worker shares the cores with others, so it needs no threads of its own.
_ENVIRONMENT = dict.fromkeys(('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'), '1')


def map_in_processes(
    function: Callable[..., Any],
    job: Tuple[Any, ...],
    items: Sequence[Any],
    nproc: int,
    tick: Callable[[], Any] = lambda: None,
) -> List[Any]:
    """Return ``function(*job, item)`` for every item, computed in ``nproc`` processes.

    Args:
        function: Function of a module.
        job: First arguments; they travel once to every process.
        items: Last arguments; the first are computed first.
        nproc: Number of processes.
        tick: Called after every item, in one of several threads.

    Raises:
        UsageError: If a process is killed.
        Exception: What ``function`` raises.
    """
    payload = pickle.dumps((function, job), pickle.HIGHEST_PROTOCOL)
    results: Dict[int, Any] = {}
    numbered = iter(enumerate(items))
    with ExitStack() as stack, ThreadPoolExecutor(nproc) as threads:
        workers = [stack.enter_context(_Worker(payload)) for _ in range(nproc)]
        waiting = [threads.submit(_feed, worker, numbered, results, tick) for worker in workers]
        try:
            # The first failure counts; it leaves this block and ends the other workers.
            for future in as_completed(waiting):
                future.result()
        except BaseException:
            for worker in workers:
                worker.process.kill()
            raise
    return [results[number] for number in range(len(items))]


def _feed(
    worker: '_Worker', numbered: Iterator[Tuple[int, Any]], results: Dict[int, Any], tick: Callable[[], Any]
) -> None:
    """Give one item after another to a worker."""
    for number, item in numbered:
        results[number] = worker.compute(item)
        tick()


class _Worker:
    """A process that computes."""

    def __init__(self, payload: bytes) -> None:
        self.process = subprocess.Popen(
            [sys.executable, '-c', _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**_ENVIRONMENT, **os.environ},
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._requests, self._answers = self.process.stdin, self.process.stdout
        main = sys.modules['__main__'] if b'__main__' in payload else None
        self._start = pickle.dumps(sys.path) + pickle.dumps(getattr(main, '__file__', None)) + payload

    def compute(self, item: Any) -> Any:
        """Return the answer to an item, or raise what the worker raised."""
        try:
            self._requests.write(self._start + pickle.dumps(item))
            self._requests.flush()
            self._start = b''
            succeeded, answer = pickle.load(self._answers)
        except (EOFError, BrokenPipeError) as error:
            code = self.process.wait()
            how = f'killed by {signal.Signals(-code).name}' if code < 0 else f'ended with exit code {code}'
            raise UsageError(f'a process of --nproc was {how}; if memory ran out, give a smaller --nproc') from error
        if succeeded:
            return answer
        raise answer

    def __enter__(self) -> '_Worker':
        return self

    def __exit__(self, *_: Any) -> None:
        with suppress(BrokenPipeError):
            self._requests.close()
        self._answers.close()
        self.process.wait()


def serve() -> None:
    """Answer the requests of the parent until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    cv2.setNumThreads(1)
    requests = sys.stdin.buffer
    # What a metric prints must not stand among the answers.
    with os.fdopen(os.dup(sys.stdout.fileno()), 'wb') as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        try:
            _answer_all(requests, answers)
        except BrokenPipeError:
            os._exit(1)  # the parent has died


def _answer_all(requests: BinaryIO, answers: BinaryIO) -> None:
    try:
        program = pickle.load(requests)
    except EOFError:  # nothing was left to do for this worker
        return
    if program is not None:
        _import_main(program)
    function, job = pickle.load(requests)
    while True:
        try:
            item = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = pickle.dumps((True, function(*job, item)), pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            if debug_requested():
                traceback.print_exc()
            answer = pickle.dumps((False, portable(error)))
        answers.write(answer)
        answers.flush()


def _import_main(path: str) -> None:
    """Load the program of the parent, because a class of it is needed; it does not run as a program."""
    module = types.ModuleType('__mp_main__')
    sys.modules['__main__'] = sys.modules['__mp_main__'] = module
    module.__dict__.update(runpy.run_path(path, run_name='__mp_main__'))
