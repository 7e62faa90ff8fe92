"""Are the downloads there, whole, and of the numbers that the releases have?"""

import shutil
import zipfile
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from _reproduce.plan import Archive
from knet.utils.cli import UsageError


def find_archive(folder: Path, archive: Archive) -> Optional[Path]:
    """Return the file of an archive; None if it is not there."""
    for pattern in archive.names:
        found = sorted(path for path in folder.glob(pattern) if path.is_file())
        if found:
            return found[0]
    return None


def facts_of(path: Path) -> Dict[str, str]:
    """Return what tells one download from another without reading it; a copy has another date."""
    return dict(archive=path.name, bytes=str(path.stat().st_size))


def missing_archives(folder: Path, archives: Sequence[Archive]) -> List[str]:
    """Return one line for each archive that is not there or is cut off."""
    problems = []
    for archive in archives:
        path = find_archive(folder, archive)
        if path is None:
            size = f', {archive.size}' if archive.size else ''
            problems.append(f'{folder / archive.names[0]}: from {archive.origin}{size}')
        elif path.suffix == '.zip' and not zipfile.is_zipfile(str(path)):
            problems.append(f'{path}: cut off or damaged ({path.stat().st_size} bytes); download it again')
    return problems


def unpacked_bytes(path: Path, archive: Archive) -> int:
    """Return how much room the files of an archive need; of a tar file, about."""
    if path.suffix != '.zip':
        return path.stat().st_size
    with zipfile.ZipFile(str(path)) as zipped:
        wanted = [name.split('*')[0] for name in archive.only or archive.parts]
        return sum(info.file_size for info in zipped.infolist() if any(part in info.filename for part in wanted))


def check_room(work_dir: Path, paths: Dict[Path, Archive]) -> str:
    """Return how much room unpacking needs and how much there is.

    Args:
        work_dir: Folder that is filled; it need not exist.
        paths: The archives that are still to be unpacked.

    Raises:
        UsageError: If there is too little.
    """
    existing = next(path for path in (work_dir, *work_dir.parents) if path.exists())
    needed, free = (
        sum(unpacked_bytes(path, archive) for path, archive in paths.items()),
        shutil.disk_usage(existing).free,
    )
    text = f'disk: unpacking needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free'
    if needed > free:
        raise UsageError(f'{text} at {existing}; choose another --work-dir')
    return text


def check_counts(folder: Path, archive: Archive) -> None:
    """Raise an error if an unpacked archive does not hold what the release holds.

    Raises:
        UsageError: Naming the first pattern whose number differs.
    """
    for count in archive.counts:
        found = sum(not path.name.startswith('.') for path in folder.glob(count.pattern))
        if found != count.number:
            raise UsageError(
                f'{folder / count.pattern}: {found} found, the release has {count.number}; download {archive.names[0]} '
                'again, or unpack it again'
            )
