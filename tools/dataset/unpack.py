"""Unpack a downloaded archive (zip, tar, tar.gz, ...), or the parts of it that are needed.

    python tools/dataset/unpack.py downloads/VIPSeg.tar downloads/VIPSeg --parts imgs panomasks train.txt val.txt
    python tools/dataset/unpack.py downloads/gtFine_trainvaltest.zip data/cityscapes --only 'gtFine/val/*'

Nothing is written outside of the folder. What has its size already is left alone, so that a run that was stopped goes
on where it was. A file that is no archive is copied.
"""

import argparse
import shutil
import tarfile
import zipfile
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import IO, Any, Callable, Iterator, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.io import atomic_path
from knet.utils.paths import below


class Member(NamedTuple):
    """A file in an archive: its name, its bytes unpacked, and what opens it."""

    name: str
    size: int
    open: Callable[[], Any]


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        if not info.is_dir():
            yield Member(info.filename, info.file_size, partial(archive.open, info))


def _tar_members(archive: tarfile.TarFile) -> Iterator[Member]:
    # A compressed tar file can only be read from its start to its end, so files are opened as they come by.
    for info in archive:
        if info.isfile():
            yield Member(info.name, info.size, partial(archive.extractfile, info))


@contextmanager
def open_members(path: Path) -> Iterator[Optional[Iterator[Member]]]:
    """Give the files of an archive, which are opened in their order; None if the file is no archive.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is truncated or damaged.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such archive')
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as zipped:
                yield _zip_members(zipped)
        elif path.suffix != '.zip' and tarfile.is_tarfile(str(path)):
            with tarfile.open(str(path)) as tarred:
                yield _tar_members(tarred)
        elif path.suffix in ('.zip', '.tar', '.gz', '.tgz', '.xz', '.bz2'):
            raise zipfile.BadZipFile('no end of the archive' if path.suffix == '.zip' else 'no archive')
        else:
            yield None
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise ValueError(f'{path}: truncated or damaged archive ({error}); download it again') from error


def wanted_name(name: str, parts: Sequence[str], only: Sequence[str]) -> Optional[str]:
    """Return where a member goes, relative to the folder to fill; None if it is not wanted.

    Args:
        name: Name in the archive.
        parts: Folders and files that have to lie directly in the folder to fill: folders around them are left out, and
            so is everything else. None keeps names as they are.
        only: Patterns of the names to unpack, after that; none for all.

    >>> wanted_name('VIPSeg/panomasks/a/1.png', ['imgs', 'panomasks'], [])
    'panomasks/a/1.png'
    """
    words = [word for word in name.split('/') if word not in ('', '.')]
    # macOS adds files about files.
    if any(word == '__MACOSX' or word.startswith('._') for word in words):
        return None
    start = next((number for number, word in enumerate(words) if word in parts), None if parts else 0)
    short = '/'.join(words[start:]) if start is not None else ''
    return short if short and (not only or any(fnmatch(short, pattern) for pattern in only)) else None


def unpack(path: Path, folder: Path, parts: Sequence[str] = (), only: Sequence[str] = ()) -> Tuple[int, int]:
    """Unpack an archive; arguments as of :func:`wanted_name`.

    Returns:
        Number of files that were written, and of those that were there.

    Raises:
        ValueError: If the archive is damaged or a name in it leads out of the folder.
        UsageError: If nothing in it is wanted.
    """
    written = kept = 0
    with open_members(path) as members, tqdm(desc=path.name, unit='file', mininterval=1) as bar:
        for member in members if members is not None else [Member(path.name, path.stat().st_size, path.open)]:
            name = wanted_name(member.name, parts, only)
            if name is None:
                continue
            target = below(folder, name, path)
            bar.update()
            if target.is_file() and target.stat().st_size == member.size:
                kept += 1
                continue
            _write(member.open if members is not None else lambda: path.open('rb'), target)
            written += 1
    if not written + kept:
        raise UsageError(f'{path}: holds nothing that is asked for ({", ".join([*parts, *only])})')
    return written, kept


def _write(open_source: Callable[[], IO[bytes]], target: Path) -> None:
    with atomic_path(target) as temporary, open_source() as source, temporary.open('wb') as file:
        shutil.copyfileobj(source, file, 1 << 20)


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('archive', type=Path, help='the file')
    parser.add_argument('folder', type=Path, help='folder to fill')
    parser.add_argument(
        '--parts',
        nargs='+',
        default=(),
        metavar='NAME',
        help='folders and files to unpack directly into FOLDER; folders around them are left out',
    )
    parser.add_argument('--only', nargs='+', default=(), metavar='PATTERN', help='names to unpack, below FOLDER')
    add_debug_option(parser)
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    written, kept = unpack(args.archive, args.folder, args.parts, args.only)
    print(f'{args.folder}: {written} files of {args.archive.name} written, {kept} were there already')


if __name__ == '__main__':
    run_tool(main)
