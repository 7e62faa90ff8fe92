"""``torchrun`` that passes requests to stop on, and whose last words are one line; started by ``_launch.sh``.

torchrun itself ends its processes at once, and dies of SIGUSR1 while they go on. Here a first SIGTERM, SIGUSR1 or
SIGINT is passed on to the processes, which end their step and write a checkpoint; a second SIGINT ends them at once.
"""

import argparse
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, List

import _root  # noqa: F401  puts the repository on the path
from torch.distributed.elastic.multiprocessing import api
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args, run

from knet.utils.stopping import EXIT_RESUME

_TAKEN = re.compile('address already in use|EADDRINUSE', re.IGNORECASE)
_UNREACHABLE = re.compile(
    'timed? ?out|waiting for clients|refused|failed to connect|not known|resol|unreachable|no route', re.IGNORECASE
)
_end_at_once = api._terminate_process_handler
_asked: List[int] = []


def cause(exit_code: int) -> str:
    """Return what an exit code says: the number, or the name of the signal."""
    if exit_code >= 0:
        return f'failed with exit code {exit_code}; its error stands above'
    name = signal.Signals(-exit_code).name
    hint = ', which is how the system ends processes when memory runs out' if name == 'SIGKILL' else ''
    return f'was killed by {name}{hint}'


def await_first_node(args: argparse.Namespace) -> None:
    """Wait until node 0 listens, because torch itself reports a vain attempt with pages of stack frames.

    Raises:
        RuntimeError: If the name is unknown, or nothing listens in time.
    """
    limit = re.search(r'timeout=(\d+)', args.rdzv_conf)
    deadline = time.monotonic() + int(limit.group(1) if limit else 0)
    while True:
        try:
            socket.create_connection((args.master_addr, int(args.master_port)), timeout=5).close()
        except socket.gaierror as error:
            raise RuntimeError(f'the name is not known: {error.strerror}') from error
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f'timed out, {error.strerror or error}') from error
            time.sleep(0.5)
        else:
            return


def missed(error: RuntimeError, args: argparse.Namespace) -> str:
    """Return why nodes did not meet; an empty text if the error says something else."""
    text, port = str(error), args.master_port
    if _TAKEN.search(text):
        return f'port {port} of this machine is taken by another program; give every node of the job another PORT'
    if not _UNREACHABLE.search(text):
        return ''
    reason = text.strip().splitlines()[0]
    return (
        f'node {args.node_rank} of {args.nnodes} did not meet the others at {args.master_addr}:{port} ({reason}). '
        'Start the same command on every node, with the same NNODES, MASTER_ADDR (the host name of node 0) and PORT; '
        'see that the name is known and the port is not blocked; NODE_TIMEOUT sets how many seconds nodes wait'
    )


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
    args = parse_args(None)
    api._terminate_process_handler = pass_on  # type: ignore[assignment]
    if hasattr(signal, 'SIGUSR1'):
        signal.signal(signal.SIGUSR1, pass_on)
    try:
        if args.rdzv_conf and str(args.node_rank) != '0':
            await_first_node(args)
        run(args)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode == EXIT_RESUME:
            return EXIT_RESUME
        print(f'error: rank {rank} {cause(failure.exitcode)}; the other processes were ended', file=sys.stderr)
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as stop:
        print(f'ended by {stop.sigval.name}', file=sys.stderr)
        return 128 + stop.sigval
    except RuntimeError as error:
        message = missed(error, args)
        if not message:
            raise
        print(f'error: {message}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
