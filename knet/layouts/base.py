"""What every layout can be asked for: the frames of a split, their labels, and the ground truth of its videos.

A data set outside of this package is one subclass of :class:`VideoGroundTruth` with a ``label_space``, a
``default_root``, :meth:`~Layout.list_frames` and ``decode``; see :func:`knet.layouts.registry.register_layout`.
"""

import hashlib
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple, TypeVar

import numpy as np

from knet.labels import AnyLabelSpace, LabelSpace, get_label_space
from knet.layouts.id_maps import reader_in, split_id_map
from knet.utils.io import PathLike

T = TypeVar('T', bound='StoredVideos')
#: Files of a frame, by video and frame number.
VideoFiles = Dict[int, Dict[int, Sequence[Path]]]


@dataclass(frozen=True)
class FrameRecord:
    """One frame on disk.

    Attributes:
        video_id: Number of its video.
        frame_id: Frame number in the video.
        image: Path of the image.
        annotation: Paths of the label files in the order of :attr:`Layout.decode`; empty if the frame has no labels.
        is_first: True if the video has no earlier frame.
    """

    video_id: int
    frame_id: int
    image: str
    annotation: Tuple[str, ...]
    is_first: bool


def order_frames(frames: Dict[Tuple[int, int], Tuple[str, Tuple[str, ...]]]) -> List[FrameRecord]:
    """Turn images and label files into records in order of video and frame number.

    Args:
        frames: Image and label files by video and frame number.
    """
    records: List[FrameRecord] = []
    for (video, frame), (image, annotation) in sorted(frames.items()):
        is_first = not records or records[-1].video_id != video
        records.append(FrameRecord(video, frame, image, annotation, is_first))
    return records


class Layout:
    """Images with panoptic labels on disk.

    Attributes:
        label_space: Name of the classes of the label files.
        default_root: Folder in which the data set usually lies.
        decode: Function from the label files of a frame to its id map, (H, W) int32 of
            ``class << ID_SHIFT | instance``; a layout whose files are read in other ways for other classes overrides
            :meth:`decoder`, too.
    """

    label_space: str
    default_root: str
    decode: Callable[..., np.ndarray]

    @classmethod
    def decoder(cls, label_space: LabelSpace) -> Callable[..., np.ndarray]:
        """Return the function that reads the label files of a frame in the classes of a label space.

        Returns:
            Function like :attr:`decode`; pixels of classes that the label space leaves out are void.

        Raises:
            ValueError: If label files of this layout cannot hold the classes.
        """
        return reader_in(cls.decode, label_space)

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split in order of video and frame number.

        Args:
            root: Data set folder.
            split: Name of the part, e.g. ``'train'``.
            labelled: If True, label files have to exist. If False, only the images have to exist.
            every_frame: Also list the frames without labels of a data set that labels only some frames of a video.

        Raises:
            FileNotFoundError: If a folder or file is missing.
            ValueError: If the split is empty or a file name is wrong.
        """
        raise NotImplementedError


def stamp_files(paths: Iterable[Path]) -> str:
    """Return a text that changes when one of some files does: a hash of names, sizes and times of change."""
    stats = sorted((path.name, (stat := path.stat()).st_size, stat.st_mtime_ns) for path in paths)
    return hashlib.sha1(repr(stats).encode()).hexdigest()


class StoredVideos:
    """Videos whose frames are one or more files each, by number: predictions and ground truth.

    Args:
        root: Folder of the files.
        videos: The files.
    """

    def __init__(self, root: Path, videos: VideoFiles) -> None:
        self.root = root
        self._videos = videos

    def videos(self) -> List[int]:
        """Return the video numbers in ascending order."""
        return sorted(self._videos)

    def frames(self, video_id: int) -> List[int]:
        """Return the numbers of the frames of a video that exist, in ascending order; empty for an unknown video."""
        return sorted(self._videos.get(video_id, {}))

    def path(self, video_id: int, frame_id: int) -> Path:
        """Return the first file of a frame: its class map."""
        return self._videos[video_id][frame_id][0]

    def stored_names(self) -> Dict[int, str]:
        """Return the names of videos that are stored beside predictions, by number; empty where there are none."""
        return {}

    def only(self: T, video_id: int) -> T:
        """Return the same with one video, which is faster to give to another process."""
        one = copy(self)
        one._videos = {video_id: self._videos.get(video_id, {})}
        return one

    def stamp(self, video_id: int) -> str:
        """Return a text that changes when a file of the video does: a hash of names, sizes and times of change."""
        return stamp_files(path for files in self._videos.get(video_id, {}).values() for path in files)


class VideoGroundTruth(StoredVideos, Layout):
    """Labelled videos. Subclasses say where the files lie and how one is decoded.

    Args:
        root: Data set folder; ``~`` is expanded.
        split: Name of the part, e.g. ``'val'``.
        label_space: Classes of the label files; default: those of the layout.

    Attributes:
        root: Folder of the label files.
        data_root: Data set folder.
        split: Name of the part.
        classes: Classes of the label files.
        read_id_map: Function from the label files of a frame to its id map.
        vpq_windows: Window lengths of VPQ, in labelled frames.
        labels_every_frame: False where only some frames of a video are labelled; predictions of the others are then no
            mistake.

    Raises:
        FileNotFoundError: If the split does not exist or holds no annotation.
        ValueError: If the label files cannot hold the classes.
    """

    vpq_windows: Tuple[int, ...] = (1, 2, 3, 4)
    labels_every_frame = True

    def __init__(self, root: PathLike, split: str = 'val', label_space: Optional[AnyLabelSpace] = None) -> None:
        self.data_root, self.split = Path(root).expanduser(), split
        self.classes = get_label_space(self.label_space if label_space is None else label_space)
        self.read_id_map = self.decoder(self.classes)
        super().__init__(*self._scan(self.data_root, split))
        self._images: Optional[Dict[Tuple[int, int], Path]] = None

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        """Return the folder of the label files, and the label files."""
        videos: VideoFiles = {}
        for record in cls.list_frames(root, split):
            videos.setdefault(record.video_id, {})[record.frame_id] = tuple(map(Path, record.annotation))
        return root, videos

    @classmethod
    def video_names(cls, root: PathLike, split: str) -> Dict[int, str]:
        """Return the names of the videos by number; empty where videos only have numbers."""
        return {}

    def image_path(self, video_id: int, frame_id: int) -> Path:
        """Return the image of a labelled frame.

        Raises:
            FileNotFoundError: If the frame has no image.
        """
        if self._images is None:
            self._images = {
                (record.video_id, record.frame_id): Path(record.image)
                for record in self.list_frames(self.data_root, self.split)
            }
        if (video_id, frame_id) not in self._images:
            raise FileNotFoundError(
                f'{self.path(video_id, frame_id)}: there is no image for this label map; complete the images'
            )
        return self._images[video_id, frame_id]

    def read(self, video_id: int, frame_id: int) -> Tuple[np.ndarray, np.ndarray]:
        """Read the labels of a frame.

        Returns:
            (H, W) uint8 class ids and (H, W) int32 instance ids.

        Raises:
            ValueError: If a file is damaged or not of the expected kind.
        """
        return split_id_map(self.read_id_map(*self._videos[video_id][frame_id]))

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the depth of a frame as (H, W) float32 metres, 0 where it is unknown.

        Raises:
            FileNotFoundError: If the frame has no depth.
        """
        raise FileNotFoundError(f'{self.path(video_id, frame_id)}: this data set has no depth; score without it')
