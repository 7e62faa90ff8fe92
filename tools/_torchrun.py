"""``torchrun`` whose last words are one line instead of a traceback; started by ``_launch.sh``."""

import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run


def cause(exit_code: int) -> str:
    """Return what an exit code says: the number, or the name of the signal."""
    if exit_code >= 0:
        return f'failed with exit code {exit_code}; its error stands above'
    name = signal.Signals(-exit_code).name
    hint = ', which is how the system ends processes when memory runs out' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'


def main() -> int:
    """Run the processes; the exit code of the first that failed."""
    try:
        run(parse_args(None))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        print(f'error: rank {rank} {cause(failure.exitcode)}; the other processes were ended', file=sys.stderr)
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as stop:
        print(f'ended by {stop.sigval.name}', file=sys.stderr)
        return 128 + stop.sigval
    return 0


if __name__ == '__main__':
    sys.exit(main())
