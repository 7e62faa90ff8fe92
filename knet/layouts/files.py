"""Find the files of data sets: folders, lists of videos, frames by number."""

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple, Union

from knet.layouts.base import FrameRecord, VideoFiles, VideoGroundTruth
from knet.utils.io import PathLike, read_text
from knet.utils.paths import check_names

_FRAME = re.compile(r'(\d+)')
_DIGITS = re.compile(r'([0-9]+)')


def require_folder(path: str, remedy: str) -> str:
    """Return ``path`` if it is a folder.

    Raises:
        FileNotFoundError: If it is no folder; the message names the folder and the remedy.
    """
    if not Path(path).is_dir():
        raise FileNotFoundError(f'{path} is no folder. {remedy}')
    return path


def natural_key(name: str) -> Tuple[List[Union[str, int]], str]:
    """Return the key that sorts names as people count: numbers in them by their value.

    >>> sorted(['frame10', 'frame2', 'frame1'], key=natural_key)
    ['frame1', 'frame2', 'frame10']
    """
    # Texts and numbers alternate, so that equal positions can be compared.
    parts = _DIGITS.split(name)
    return [int(part) if position % 2 else part for position, part in enumerate(parts)], name


def visible_files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """Yield the files of a folder that have one of some suffixes, in any order.

    Hidden files, such as the ``._name`` that macOS puts beside every file, do not count. ``.JPG`` and ``.jpeg`` count
    as ``.jpg``, and so on.
    """
    for path in folder.iterdir():
        if not path.name.startswith('.') and path.suffix.lower().replace('.jpeg', '.jpg') in suffixes:
            yield path


def list_files(folder: PathLike, suffix: str) -> List[str]:
    """Return the sorted names of the files of a folder that end in ``suffix``; hidden files do not count."""
    return sorted(
        path.name for path in Path(folder).iterdir() if path.name.endswith(suffix) and not path.name.startswith('.')
    )


def number_files(
    folder: str, names: Iterable[str], parse: Callable[[PathLike], Tuple[int, int]]
) -> Dict[Tuple[int, int], str]:
    """Sort files by the numbers in their names.

    Args:
        folder: Folder of the files.
        names: Names of the files in ``folder``.
        parse: Function that returns the video number and the frame number of a path.

    Returns:
        The paths by (video number, frame number), in ascending order.

    Raises:
        ValueError: If a name is wrong or two names have the same numbers.
    """
    files: Dict[Tuple[int, int], str] = {}
    for name in sorted(names):
        path = str(Path(folder, name))
        numbers = parse(path)
        if numbers in files:
            raise ValueError(
                f'{path}: frame {numbers[1]} of video {numbers[0]} exists twice, also as '
                f'{Path(files[numbers]).name}. Remove one.'
            )
        files[numbers] = path
    return dict(sorted(files.items()))


def read_video_list(root: PathLike, split: str) -> List[str]:
    """Read the video names of a split that is a text file, one per line; empty lines do not count.

    Args:
        root: Data set folder; ``~`` is expanded.
        split: Name of the text file without ``.txt``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no text, is empty, holds a line that is no name of a folder, or names a video several
            times.
    """
    path = Path(root).expanduser() / f'{split}.txt'
    remedy = 'It lists the videos of the split, one folder name per line; take it from the release again.'
    names = [line.strip() for line in read_text(path, remedy=remedy).splitlines() if line.strip()]
    if not names:
        raise ValueError(f'{path}: names no video. {remedy}')
    check_names(names, path)
    name, count = Counter(PurePosixPath(name).as_posix() for name in names).most_common(1)[0]
    if count > 1:
        raise ValueError(f'{path}: video {name} is named {count} times; remove the repetition')
    return names


def refuse_lone_labels(images: Mapping[Path, Path]) -> None:
    """Raise an error for label maps without image: no frame is predicted for them, so that no score would be complete.

    Args:
        images: The absent image of every such label map.

    Raises:
        ValueError: If there is any; the message names the first and their number.
    """
    if images:
        label = min(images)
        raise ValueError(
            f'{label}: there is no {images[label]} ({len(images)} label maps are without image). Complete the images '
            'or remove the label maps.'
        )


class ListedVideos(VideoGroundTruth):
    """Labelled videos whose names stand in a text file per split, see :func:`read_video_list`.

    Each has a folder of images and one of label maps, which have the names of the images. Subclasses say where these
    folders lie and how files are numbered.

    Attributes:
        image_folder: Returns the folder of the images of a video, by root and name.
        mask_folder: Returns the folder of its label maps.
    """

    image_folder: Callable[[PathLike, str], Path]
    mask_folder: Callable[[PathLike, str], Path]

    @classmethod
    def images(cls, folder: Path) -> Dict[int, Path]:
        """Return the images of a video by frame number, at least one."""
        raise NotImplementedError

    @classmethod
    def masks(cls, folder: Path) -> Dict[int, Path]:
        """Return the label maps of a video by frame number, at least one."""
        raise NotImplementedError

    @classmethod
    def labels(cls, root: PathLike, name: str) -> Dict[int, Path]:
        """Return the label maps of a named video by frame number, at least one."""
        return cls.masks(cls.mask_folder(root, name))

    @classmethod
    def check_pairs(cls, images: Dict[int, Path], folder: Path) -> None:
        """Raise an error for the label maps in ``folder`` if they do not fit the images; here they always do."""

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        videos: VideoFiles = {
            number: {frame: (path,) for frame, path in cls.labels(root, name).items()}
            for number, name in cls.video_names(root, split).items()
        }
        return root, videos

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split, see :meth:`.base.Layout.list_frames`."""
        records: List[FrameRecord] = []
        for video, name in cls.video_names(root, split).items():
            images, masks = cls.images(cls.image_folder(root, name)), cls.mask_folder(root, name)
            if labelled:
                cls.check_pairs(images, masks)
            records += video_records(video, images.items(), masks)
        return records

    @classmethod
    def video_names(cls, root: PathLike, split: str) -> Dict[int, str]:
        """Return the folder names of the videos by number."""
        return dict(enumerate(read_video_list(root, split)))


def write_video_list(root: PathLike, split: str, names: Iterable[str]) -> None:
    """Write the video names of a split to the text file that :func:`read_video_list` reads."""
    folder = Path(root)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f'{split}.txt').write_text(''.join(f'{name}\n' for name in names))


def list_video(folder: Path, suffix: str) -> List[Path]:
    """Return the files of a video in the order in which people count, see :func:`natural_key`.

    Args:
        folder: Folder of the video.
        suffix: Their suffix, see :func:`visible_files`.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If the folder holds no such file, or two that differ in their suffix only.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder, but the split names the video {folder.name}; unpack it, or remove its line'
        )
    files = sorted(visible_files(folder, suffix), key=lambda path: natural_key(path.stem))
    if not files:
        raise ValueError(f'{folder}: no *{suffix} in it; unpack the video again, or remove it from the split')
    for path, other in zip(files, files[1:]):
        if path.stem == other.stem:
            raise ValueError(f'{path}: the same frame as {other.name}; remove one of them')
    return files


def frame_files(folder: Path, *suffixes: str) -> Dict[int, Path]:
    """Return the files of a folder with some suffixes (:func:`visible_files`) by frame number in ascending order.

    Raises:
        FileNotFoundError: If there is no folder.
        ValueError: If a name is no number, or two names are the same number.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder, though the list of videos names it; unpack it (FFFFFFFF'
            f'{suffixes[0]} of every frame), or remove the line'
        )
    files: Dict[int, Path] = {}
    for path in sorted(visible_files(folder, *suffixes)):
        match = _FRAME.fullmatch(path.stem)
        if not match:
            raise ValueError(f'{path}: the name is no frame number; rename it to FFFFFFFF{path.suffix}')
        number = int(match.group(1))
        if number in files:
            raise ValueError(f'{path}: frame {number} exists twice, also as {files[number].name}; remove one')
        files[number] = path
    return dict(sorted(files.items()))


def video_records(video: int, images: Iterable[Tuple[int, Path]], masks: Path) -> List[FrameRecord]:
    """Return the records of one video whose label maps have the names of its images.

    Args:
        video: Number of the video.
        images: Frame numbers and images in ascending order.
        masks: Folder of the label maps.
    """
    found = {path.stem: path for path in visible_files(masks, '.png')} if masks.is_dir() else {}
    return [
        FrameRecord(video, frame, str(image), (str(found.get(image.stem, masks / f'{image.stem}.png')),), position == 0)
        for position, (frame, image) in enumerate(images)
    ]


def require_files(folder: str, names: Sequence[str], what: str) -> None:
    """Make sure that files exist; every folder is listed only once.

    Args:
        folder: Folder that ``names`` are relative to.
        names: Relative paths of the files.
        what: Term for the files in the message, in the plural.

    Raises:
        FileNotFoundError: If files are missing; the message names the first of them and their number.
    """
    listings: Dict[Path, Set[str]] = {}
    missing = []
    for path in (Path(folder, name) for name in names):
        if path.parent not in listings:
            entries = path.parent.iterdir() if path.parent.is_dir() else ()
            listings[path.parent] = {entry.name for entry in entries}
        if path.name not in listings[path.parent]:
            missing.append(path)
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of {len(names)} {what} are missing, the first is {missing[0]}. '
            'Check data_root and the prefixes, and that the archives are unpacked completely.'
        )
