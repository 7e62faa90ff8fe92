"""``torchrun`` that passes requests to stop on, and whose last words are one line; started by ``_launch.sh``.

torchrun itself ends its processes at once, and dies of SIGUSR1 while they go on. Here a first SIGTERM, SIGUSR1 or
SIGINT is passed on to the processes, which end their step and write a checkpoint; a second SIGINT ends them at once.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any, List

import _root  # noqa: F401  puts the repository on the path
from torch.distributed.elastic.multiprocessing import api
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

from knet.utils.stopping import EXIT_RESUME

_end_at_once = api._terminate_process_handler
_asked: List[int] = []


def cause(exit_code: int) -> str:
    """Return what an exit code says: the number, or the name of the signal."""
    if exit_code >= 0:
        return f'failed with exit code {exit_code}; its error stands above'
    name = signal.Signals(-exit_code).name
    hint = ', which is how the system ends processes when memory runs out' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'


def pass_on(number: int, frame: Any) -> None:
    """Pass a signal on to the processes; end them if it is the second SIGINT, or they cannot be found."""
    children = Path(f'/proc/{os.getpid()}/task/{os.getpid()}/children')
    if not children.is_file() or (_asked and number == signal.SIGINT):
        _end_at_once(number, frame)
    _asked.append(number)
    for child in children.read_text().split():
        os.kill(int(child), number)


def main() -> int:
    """Run the processes; the exit code of the first that failed."""
    api._terminate_process_handler = pass_on  # type: ignore[assignment]
    if hasattr(signal, 'SIGUSR1'):
        signal.signal(signal.SIGUSR1, pass_on)
    try:
        run(parse_args(None))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode == EXIT_RESUME:
            return EXIT_RESUME
        print(f'error: rank {rank} {cause(failure.exitcode)}; the other processes were ended', file=sys.stderr)
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as stop:
        print(f'ended by {stop.sigval.name}', file=sys.stderr)
        return 128 + stop.sigval
    return 0


if __name__ == '__main__':
    sys.exit(main())
