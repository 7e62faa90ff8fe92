"""One run, one folder: a lock that names the run that holds it.

The lock is that of the operating system, which ends with its process however that ends, also on network file systems
that know locks. Where there are none, the process number in the file decides, which is only known on its own machine.
"""

import atexit
import datetime
import errno
import json
import os
import shlex
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Dict, Iterator, Optional, Tuple

from knet.utils.atomic import PathLike, process_exists, sweep_temporaries
from knet.utils.cli import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Locks that this process holds, with the number of times that it has taken them.
_held: Dict[Path, Tuple[IO[str], int]] = {}


def lock_folder(folder: PathLike, part: str = '') -> None:
    """Take the lock of a folder, and remove the half-written files that killed runs have left in it.

    A process may take a lock several times; its last :func:`unlock_folder` gives it back. Of several processes of one
    job, one takes it for all.

    Args:
        folder: The folder, created if missing.
        part: Name of a share of the work, if several runs share the folder on purpose.

    Raises:
        UsageError: If another run holds it; names machine, process, start and command of that run.
        OSError: If the folder cannot be created or written.
    """
    folder = Path(folder).expanduser().resolve()
    path = folder / f'.lock{part}'
    if path in _held:
        file, times = _held[path]
        _held[path] = (file, times + 1)
        return
    folder.mkdir(parents=True, exist_ok=True)
    _held[path] = (_take(path), 1)
    if not part:
        sweep_temporaries(folder)


def unlock_folder(folder: PathLike, part: str = '') -> None:
    """Give the lock of a folder back; does nothing if this process does not hold it."""
    path = Path(folder).expanduser().resolve() / f'.lock{part}'
    file, times = _held.pop(path, (None, 0))
    if file is None:
        return
    if times > 1:
        _held[path] = (file, times - 1)
        return
    path.unlink(missing_ok=True)  # While it is locked, so that nobody can have taken it in between.
    file.close()


def unlock_all() -> None:
    """Give back all locks of this process, at its end."""
    while _held:
        path, (file, _) = _held.popitem()
        if _read(file).get('process') == os.getpid():  # A forked helper has a copy and holds nothing.
            path.unlink(missing_ok=True)
        file.close()


atexit.register(unlock_all)


@contextmanager
def locked(folder: PathLike, hold: bool = True) -> Iterator[None]:
    """Hold the lock of a folder for the duration of a block; see :func:`lock_folder`.

    Args:
        folder: The folder, created if missing.
        hold: False takes no lock, for the processes of a job that rank 0 takes it for.
    """
    if hold:
        lock_folder(folder)
    try:
        yield
    finally:
        if hold:
            unlock_folder(folder)


def _take(path: Path) -> IO[str]:
    """Return the locked file, with a description of this run in it."""
    while True:
        fresh = not path.exists()
        file = path.open('a+', encoding='utf-8')
        try:
            free = _lock(file)
            if free is None:
                free = fresh or _is_stale(_read(file))
            if not free:
                raise UsageError(_refusal(path, _read(file)))
            if not _is_file(path, file):  # The run that held it has just removed it.
                file.close()
                continue
            file.seek(0)
            file.truncate()
            file.write(json.dumps(_description()) + '\n')
            file.flush()
            return file
        except BaseException:
            file.close()
            raise


def _lock(file: IO[str]) -> Optional[bool]:
    """Lock a file; returns False if another process has locked it, None if the file system knows no locks."""
    if fcntl is None:
        return None
    try:
        # Locks of this kind are not inherited by loader processes, which may outlive this one.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in (errno.EACCES, errno.EAGAIN) else None
    return True


def _is_file(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _read(file: IO[str]) -> Dict[str, Any]:
    file.seek(0)
    try:
        content = json.loads(file.read())
    except ValueError:  # Empty, or written just now.
        return {}
    return content if isinstance(content, dict) else {}


def _description() -> Dict[str, Any]:
    return dict(
        host=socket.gethostname(),
        process=os.getpid(),
        job=_slurm_job(),
        started=datetime.datetime.now().isoformat(sep=' ', timespec='seconds'),
        command=' '.join(map(shlex.quote, sys.argv)),
    )


def _slurm_job() -> Optional[str]:
    return os.environ.get('SLURM_JOB_ID')


def _is_stale(holder: Dict[str, Any]) -> bool:
    """Return whether the run that a lock file describes has certainly ended, if the system could not say it."""
    if holder.get('host') == socket.gethostname():
        return not process_exists(int(holder['process']))
    # A job that was started again on another machine had ended before.
    return bool(holder) and holder.get('job') is not None and holder['job'] == _slurm_job()


def _refusal(path: Path, holder: Dict[str, Any]) -> str:
    who = (
        f'process {holder["process"]} on {holder["host"]}, started {holder["started"]} with "{holder["command"]}"'
        if holder
        else 'a run that has just started'
    )
    return (
        f'{path.parent} is in use by {who}; wait for it, choose another folder, or remove {path} if you are sure that '
        'it has ended'
    )
