"""Names from data become paths here: nothing is read or written outside of the folder that a user has named."""

import os
import re
from pathlib import Path, PurePosixPath
from typing import Dict, Iterable

from knet.utils.atomic import PathLike

#: Control characters, line and paragraph separators, and the halves of bytes that are no UTF-8.
_UNPRINTABLE = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


def check_name(name: str, source: PathLike) -> str:
    """Return a relative path from data if it stays below the folder that it is joined to.

    Args:
        name: Name of a file, a folder or a video; it may have several parts.
        source: What the name stands in, for the error.

    Raises:
        ValueError: If the name is empty, absolute or climbs out of its folder, or has characters that a file name must
            not have.
    """
    fault = _fault(name)
    if fault:
        raise ValueError(
            f'{printable(source)}: the name {name!r} {fault}; rename it to a relative path of plain characters'
        )
    return name


def _fault(name: str) -> str:
    """Return what is wrong with a name; an empty text if nothing is."""
    if not isinstance(name, str):
        return 'is no text'
    if _UNPRINTABLE.search(name):
        return 'holds a control character or bytes that are no UTF-8'
    parts = PurePosixPath(name).parts
    if PurePosixPath(name).is_absolute():
        return 'is absolute'
    if not parts or not name.strip():
        return 'is empty'
    return 'leads out of its folder' if '..' in parts else ''


def below(folder: PathLike, name: str, source: PathLike) -> Path:
    """Return the path of a name from data below a folder.

    Args:
        folder: Folder that a user has named.
        name: See :func:`check_name`.
        source: What the name stands in, for the error.

    Raises:
        ValueError: As :func:`check_name`.
    """
    return Path(folder) / check_name(name, source)


def check_names(names: Iterable[str], source: PathLike) -> None:
    """Check all names before work is spent on the first, see :func:`check_name`."""
    for name in names:
        check_name(name, source)


def check_targets(names: Iterable[str], source: PathLike) -> None:
    """Check names of which each becomes a file with another suffix: safe, and no two become the same file.

    Args:
        names: Names in the data.
        source: What they stand in, for the error.

    Raises:
        ValueError: Naming the names that cannot be written.
    """
    taken: Dict[str, str] = {}
    for name in names:
        target = str(PurePosixPath(check_name(name, source)).with_suffix(''))
        if target in taken:
            raise ValueError(
                f'{printable(source)}: {taken[target]!r} and {name!r} would be written to one file; rename one'
            )
        taken[target] = name


def printable(text: PathLike) -> str:
    """Return a path as text that can be printed and written anywhere; unprintable characters are escaped."""
    return _UNPRINTABLE.sub(lambda match: ascii(match.group())[1:-1], os.fspath(text))


def check_argument(text: str) -> None:
    """Refuse an argument of a command line that is no text; libraries in C++ end the process when they meet one.

    Raises:
        ValueError: If the argument holds bytes that are no UTF-8, or a zero byte.
    """
    if re.search('[\x00\ud800-\udfff]', text):
        raise ValueError(f'argument "{printable(text)}": holds bytes that are no UTF-8; rename the file or folder')
