"""Files that appear complete or not at all.

A file is written under a temporary name in the same folder and renamed at the end, so that an interrupted run never
leaves a half-written file that a later run would trust.
"""

import errno
import hashlib
import os
import re
import socket
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Union

PathLike = Union[str, 'os.PathLike[str]']

#: Files that are less than this many seconds old may still be written by another machine.
_STALE = 24 * 3600
_TEMPORARY = re.compile(r'\..*\.(?P<host>[0-9a-f]{8})(?P<process>[0-9a-f]{8})[0-9a-f]{16}(\.[^.]*)?')


def _host_tag() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


@contextmanager
def atomic_path(path: PathLike, durable: bool = False) -> Iterator[Path]:
    """Give a temporary path that replaces ``path`` when the block succeeds.

    The temporary file lies in the folder of ``path`` (created if missing) and
    keeps its suffix, because many writers choose their format by it. When the
    block raises, the temporary file is removed and ``path`` stays as it was.
    A killed process leaves it behind; :func:`sweep_temporaries` removes it later.

    Args:
        path: The file to create or replace.
        durable: Whether the content must be on the disk before it replaces the file, so that it survives a loss of
            power; waits for the disk.

    Yields:
        The path to write to.

    Raises:
        OSError: If the folder cannot be created or written; names ``path``
            also where the system only says that the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unique = f'{_host_tag()}{os.getpid():08x}{uuid.uuid4().hex[:16]}'
    temporary = path.with_name(f'.{path.stem}.{unique}{path.suffix}')
    try:
        yield temporary
        if durable:
            _sync(temporary)
        temporary.replace(path)
        if durable:
            _sync(path.parent)
    except OSError as error:
        if error.errno is None or error.filename not in (None, str(temporary)):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        if os.path.lexists(temporary):
            temporary.unlink()


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name != 'posix':
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot do that for folders.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def sweep_temporaries(folder: PathLike) -> List[Path]:
    """Remove what killed processes have left of :func:`atomic_path` in a folder and below.

    A file stays while its process may be alive: on another machine, while it is less than a day old.

    Args:
        folder: Where to look; links are not followed.

    Returns:
        The removed files.
    """
    removed = []
    for root, _, names in os.walk(folder):
        for name in names:
            match = _TEMPORARY.fullmatch(name)
            path = Path(root, name)
            if match and _is_stale(path, match['host'], int(match['process'], 16)):
                path.unlink(missing_ok=True)
                removed.append(path)
    return removed


def _is_stale(path: Path, host: str, process: int) -> bool:
    if host == _host_tag():
        return not process_exists(process)
    try:
        return time.time() - path.lstat().st_mtime > _STALE
    except FileNotFoundError:
        return False


def process_exists(process: int) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # It runs and belongs to someone else.
        return True
    return True
