"""Walk a whole data set of label maps before a long training, and list everything that is wrong with its files.

Errors that would stop a training at its first damaged file are collected here, one line each. What is found right is
counted per class, which shows labels that are readable and nevertheless not what was meant.
"""

from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Callable, Dict, Hashable, Iterator, List, Optional, Sequence, Set, Tuple, Type, TypeVar

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.base import FrameRecord, Layout, VideoGroundTruth
from knet.layouts.id_maps import ID_SHIFT
from knet.layouts.images import read_rgb_image
from knet.layouts.label_checks import check_classes, check_size
from knet.utils.io import PathLike
from knet.utils.runs import find_runs

T = TypeVar('T')
Size = Tuple[int, int]
#: Called with the number of files that are to be read; wraps an iterator over them in a progress bar.
Progress = Callable[[Iterator['Finding'], int], Iterator['Finding']]
#: What reading files of users raises, all of it with the name of the file.
FILE_ERRORS = (ValueError, OSError)


@dataclass
class ClassCount:
    """What a data set shows of one class.

    Attributes:
        images: Number of images that show it.
        objects: Keys of its objects: an object of a video counts once.
        crowds: Number of regions, over all images, that hold objects which are not told apart.
        pixels: Number of pixels.
    """

    images: int = 0
    objects: Set[Hashable] = field(default_factory=set)
    crowds: int = 0
    pixels: int = 0

    def add(self, other: 'ClassCount') -> None:
        """Add another count."""
        self.images += other.images
        self.objects |= other.objects
        self.crowds += other.crowds
        self.pixels += other.pixels


@dataclass
class Finding:
    """What an image and its labels hold.

    Attributes:
        problems: One sentence for each fault, with the name of the file.
        counts: What is shown, by dataset id.
        size: Height and width of the image; None if it cannot be read.
    """

    problems: List[str] = field(default_factory=list)
    counts: Dict[int, ClassCount] = field(default_factory=dict)
    size: Optional[Size] = None

    def attempt(self, action: Callable[[], T]) -> Optional[T]:
        """Return the value of an action; its error is a problem, and the value None."""
        try:
            return action()
        except FILE_ERRORS as error:
            self.problems.append(' '.join(str(error).split()))
            return None


@dataclass
class DataCheck:
    """What a part of a data set holds, and what is wrong with it.

    Attributes:
        label_space: The classes.
        problems: One sentence for each fault, in order of the files; equal sentences stand once.
        counts: What is shown of every class, by dataset id.
        images: Number of images.
        videos: Number of videos.
    """

    label_space: LabelSpace
    problems: List[str] = field(default_factory=list)
    counts: Dict[int, ClassCount] = field(default_factory=dict)
    images: int = 0
    videos: int = 0

    def __post_init__(self) -> None:
        for info in self.label_space.classes:
            self.counts.setdefault(info.dataset_id, ClassCount())

    def add(self, finding: Finding) -> None:
        """Add what an image holds."""
        self.problems += finding.problems
        for dataset_id, count in finding.counts.items():
            self.counts.setdefault(dataset_id, ClassCount()).add(count)

    def finish(self) -> 'DataCheck':
        """Return the check with every problem once."""
        self.problems = list(dict.fromkeys(self.problems))
        return self


def plain(findings: Iterator[Finding], total: int) -> Iterator[Finding]:
    """Show no progress."""
    return findings


def in_parallel(
    function: Callable[[T], Finding], items: Sequence[T], nproc: int, progress: Progress
) -> Iterator[Finding]:
    """Call a function for every item and yield the findings in their order.

    Decoding of images, which takes most of the time, leaves the interpreter free, so that threads suffice.

    Args:
        function: Function of an item.
        items: The items.
        nproc: Number of items at a time.
        progress: Wrapper of the findings, for a progress bar.
    """
    if nproc <= 1:
        yield from progress(map(function, items), len(items))
        return
    with ThreadPool(nproc) as pool:
        yield from progress(pool.imap(function, items), len(items))


def check_layout(
    layout: Type[Layout],
    root: PathLike,
    split: str,
    label_space: LabelSpace,
    labelled: bool = True,
    every_frame: bool = False,
    nproc: int = 1,
    progress: Progress = plain,
) -> DataCheck:
    """Read every image and every label map of a split.

    Args:
        layout: Layout of the data set.
        root: Data set folder.
        split: Name of the part.
        label_space: The classes of the label maps.
        labelled: Whether the split has label maps.
        every_frame: Whether frames without labels count where a data set labels only some frames of a video.
        nproc: Number of frames that are read at a time.
        progress: Wrapper of the findings, for a progress bar.
    """
    result, listing = DataCheck(label_space), Finding()
    decode: Optional[Callable[..., np.ndarray]] = None
    records: List[FrameRecord] = []
    for part in listing.attempt(lambda: _videos(layout, root, split)) or []:
        found, reader = _list(part, root, split, label_space, labelled, every_frame, listing)
        records += found
        # Every video of a list is read alike; one that cannot be opened must not hide the labels of the others.
        decode = decode or reader
    result.problems += listing.problems

    def check(record: FrameRecord) -> Finding:
        return _check_frame(record, decode if labelled else None, label_space)

    sizes: Dict[int, Tuple[str, Size]] = {}
    for record, finding in zip(records, in_parallel(check, records, nproc, progress)):
        if finding.size is not None:
            first, size = sizes.setdefault(record.video_id, (record.image, finding.size))
            if finding.size != size:
                finding.problems.append(
                    f'{record.image}: size {finding.size} differs from {size} of {first}. All frames of a video must '
                    'have one size.'
                )
        result.add(finding)
    result.images, result.videos = len(records), len({record.video_id for record in records})
    return result.finish()


def _videos(layout: Type[Layout], root: PathLike, split: str) -> List[Type[Layout]]:
    """Return a layout for each video that a list names, so that one absent video does not hide the others."""
    names = layout.video_names(root, split) if issubclass(layout, VideoGroundTruth) else {}

    def only(number: int, name: str) -> Type[Layout]:
        return type(layout.__name__, (layout,), dict(video_names=classmethod(lambda cls, *_: {number: name})))

    return [only(number, name) for number, name in names.items()] or [layout]


def _list(
    layout: Type[Layout],
    root: PathLike,
    split: str,
    label_space: LabelSpace,
    labelled: bool,
    every_frame: bool,
    listing: Finding,
) -> Tuple[List[FrameRecord], Optional[Callable[..., np.ndarray]]]:
    """Return the frames of a layout and the function that decodes their labels; problems go into ``listing``."""
    if labelled and issubclass(layout, VideoGroundTruth):
        decode = listing.attempt(lambda: layout(root, split, label_space).read_id_map)
    else:
        decode = listing.attempt(lambda: layout.decoder(label_space))
    records = listing.attempt(lambda: layout.list_frames(root, split, labelled, every_frame))
    if records is None and labelled:
        # The images that can be listed are read all the same, with the labels that are there.
        records = Finding().attempt(lambda: layout.list_frames(root, split, False, every_frame))
    return records or [], decode


def _check_frame(record: FrameRecord, decode: Optional[Callable[..., np.ndarray]], label_space: LabelSpace) -> Finding:
    """Read the image and the label map of a frame."""
    finding = Finding()
    image = finding.attempt(lambda: read_rgb_image(record.image))
    finding.size = None if image is None else (image.shape[0], image.shape[1])
    if decode is None or not record.annotation:
        return finding
    absent = [path for path in record.annotation if not Path(path).is_file()]
    if absent:
        finding.problems += [
            f'{path}: no such label map, but its image {record.image} exists. Complete the labels or remove the image.'
            for path in absent
        ]
        return finding
    id_map = finding.attempt(lambda: decode(*record.annotation))
    if id_map is None:
        return finding
    name = record.annotation[0]
    if finding.size is not None:
        finding.attempt(lambda: check_size(id_map, finding.size, name, record.image))  # type: ignore[arg-type]
    codes, pixels = _areas(id_map)
    finding.attempt(lambda: check_classes(codes, label_space, name))
    finding.counts = _counts(codes, pixels, label_space, record.video_id)
    return finding


def _areas(id_map: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the different codes of an id map and their numbers of pixels."""
    flat = id_map.ravel()
    starts, lengths = find_runs([flat])
    codes, index = np.unique(flat[starts], return_inverse=True)
    return codes, np.bincount(index.reshape(-1), weights=lengths, minlength=len(codes)).astype(np.int64)


def _counts(codes: np.ndarray, pixels: np.ndarray, label_space: LabelSpace, video: int) -> Dict[int, ClassCount]:
    """Return what the codes of a frame say of every class; void is none."""
    counts: Dict[int, ClassCount] = {}
    things = set(label_space.thing_ids)
    for code, area in zip(codes.tolist(), pixels.tolist()):
        dataset_id, instance = code >> ID_SHIFT, code & ((1 << ID_SHIFT) - 1)
        if dataset_id == label_space.void:
            continue
        count = counts.setdefault(dataset_id, ClassCount(images=1))
        count.pixels += area
        if dataset_id in things:
            if instance:
                count.objects.add((video, instance))
            else:
                count.crowds += 1
    return counts
