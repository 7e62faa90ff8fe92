"""KITTI-STEP on disk, a layout that other video data sets share.

For frame F of video S, all files of a split lie in one folder::

    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_leftImg8bit.png   8-bit RGB image
    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_panoptic.png      8-bit RGB labels: R = class (255 = void),
                                                                256 G + B = instance, 0 for stuff and for crowds
    ROOT/video_sequence/<split>/SSSSSS_FFFFFF_depth.png         optional, 16 bit, metres * 256

Numbers may start anywhere and have gaps.
"""

import re
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import numpy as np

from knet.layouts.base import FrameRecord, VideoFiles, VideoGroundTruth, order_frames, stamp_files
from knet.layouts.files import list_files, number_files, refuse_lone_labels, require_folder
from knet.layouts.images import read_depth, read_rgb_ids
from knet.utils.io import PathLike

#: Video numbers of the splits of the benchmark.
SEQUENCES = dict(
    train=(0, 1, 3, 4, 5, 9, 11, 12, 15, 17, 19, 20), val=(2, 6, 7, 8, 10, 13, 14, 16, 18), test=tuple(range(29))
)
_NAME = re.compile(r'(\d+)_(\d+)_')


def split_folder(root: PathLike, split: str) -> Path:
    """Return the folder that holds all files of a split."""
    return Path(root) / 'video_sequence' / split


def file_name(video_id: int, frame_id: int, ending: str) -> str:
    """Return the name of a file of a frame.

    >>> file_name(2, 17, 'panoptic.png')
    '000002_000017_panoptic.png'
    """
    return f'{video_id:06d}_{frame_id:06d}_{ending}'


def parse_name(name: str, ending: str) -> Optional[Tuple[int, int]]:
    """Return video and frame number of a file name that ends in ``ending``; None for any other name.

    >>> parse_name('000002_000017_panoptic.png', 'panoptic.png')
    (2, 17)
    """
    match = _NAME.fullmatch(name[: -len(ending)]) if name.endswith(ending) else None
    return (int(match.group(1)), int(match.group(2))) if match else None


def read_rgb_panoptic(path: PathLike) -> np.ndarray:
    """Read a label map: R = class, 256 G + B = instance.

    Args:
        path: An 8-bit RGB PNG.

    Returns:
        (H, W) int32 id map.

    Raises:
        ValueError: If the file is damaged or not 8-bit RGB.
    """
    return read_rgb_ids(path, 'R = class, 256 G + B = instance', reverse=True)


def encode_rgb_panoptic(semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """Return the pixels of a label map, the inverse of :func:`read_rgb_panoptic`.

    Args:
        semantic: (H, W) dataset class ids or void, 0..255.
        instance: (H, W) instance ids, 0..65535.

    Returns:
        (H, W, 3) uint8 RGB.

    >>> encode_rgb_panoptic(np.array([[13]]), np.array([[258]])).tolist()
    [[[13, 1, 2]]]
    """
    return np.stack([semantic, instance >> 8, instance & 255], axis=-1).astype(np.uint8)


class KittiStepGroundTruth(VideoGroundTruth):
    """Videos in the layout of KITTI-STEP; arguments are those of :class:`.base.VideoGroundTruth`.

    A data set whose files only end differently is a subclass with other endings.

    Attributes:
        image_ending: End of the name of an image.
        label_endings: Ends of the names of the label files of a frame.
        depth_ending: Pattern of the end of the name of a depth map.
    """

    label_space = 'kitti_step'
    default_root = 'data/kitti-step'
    image_ending = 'leftImg8bit.png'
    label_endings: Tuple[str, ...] = ('panoptic.png',)
    depth_ending = 'depth.png'
    decode: Callable[..., np.ndarray] = staticmethod(read_rgb_panoptic)

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        folder = split_folder(root, split)
        if not folder.is_dir():
            raise FileNotFoundError(f'{folder}: no such folder; give the data set root that holds video_sequence/')
        videos: VideoFiles = {}
        for (video, frame), path in cls._labels(folder).items():
            videos.setdefault(video, {})[frame] = [cls._neighbour(path, ending) for ending in cls.label_endings]
        if not videos:
            raise FileNotFoundError(f'{folder}: no SSSSSS_FFFFFF_{cls.label_endings[0]} in it')
        return folder, videos

    @classmethod
    def _labels(cls, folder: Path) -> Dict[Tuple[int, int], Path]:
        """Return the first label file of every labelled frame, by video and frame number."""
        found = ((parse_name(path.name, cls.label_endings[0]), path) for path in folder.iterdir())
        return {numbers: path for numbers, path in found if numbers is not None}

    @classmethod
    def _neighbour(cls, label: Path, ending: str) -> Path:
        """Return another file of the frame of a label file."""
        return label.with_name(label.name[: -len(cls.label_endings[0])] + ending)

    @classmethod
    def list_frames(
        cls, root: PathLike, split: str, labelled: bool = True, every_frame: bool = False
    ) -> List[FrameRecord]:
        """List the frames of a split, see :meth:`.base.Layout.list_frames`."""
        folder = require_folder(
            str(split_folder(root, split)),
            'Set data_root to the folder that contains video_sequence/; tools/dataset/kitti_step_prepare.py makes it '
            'from the KITTI downloads.',
        )
        images = number_files(folder, list_files(folder, cls.image_ending), cls._image_numbers)
        if not images:
            raise ValueError(
                f'{folder}: no *_{cls.image_ending} in it. The split {split!r} is empty: check '
                'data_root and split, or prepare the data again.'
            )
        if labelled:
            labels = [path for numbers, path in cls._labels(Path(folder)).items() if numbers not in images]
            refuse_lone_labels({path: cls._neighbour(path, cls.image_ending) for path in labels})
        stems = {numbers: path[: -len(cls.image_ending)] for numbers, path in images.items()}
        return order_frames(
            {
                numbers: (path, tuple(stems[numbers] + ending for ending in cls.label_endings))
                for numbers, path in images.items()
            }
        )

    @classmethod
    def _image_numbers(cls, path: PathLike) -> Tuple[int, int]:
        numbers = parse_name(Path(path).name, cls.image_ending)
        if numbers is None:
            raise ValueError(
                f'{path}: file name is not SSSSSS_FFFFFF_{cls.image_ending}. Rename '
                'it; S is the number of the video, F of the frame.'
            )
        return numbers

    @cached_property
    def _depth_files(self) -> Dict[int, List[Path]]:
        """Depth files by video number; the folder, which all videos share, is listed once."""
        files: Dict[int, List[Path]] = {}
        for path in self.root.glob(f'*_{self.depth_ending}'):
            match = _NAME.match(path.name)
            if match:
                files.setdefault(int(match.group(1)), []).append(path)
        return files

    def stamp(self, video_id: int) -> str:
        """Return a text that changes when a label file or depth file of the video does."""
        return f'{super().stamp(video_id)} {stamp_files(self._depth_files.get(video_id, []))}'

    def image_path(self, video_id: int, frame_id: int) -> Path:
        """Return the image of a labelled frame, whether it exists or not."""
        return self._neighbour(self.path(video_id, frame_id), self.image_ending)

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the depth of a frame, see :meth:`.base.VideoGroundTruth.read_depth`."""
        expected = self._neighbour(self.path(video_id, frame_id), self.depth_ending)
        found = sorted(self.root.glob(expected.name))
        if not found:
            raise FileNotFoundError(f'{expected}: no such depth map; score without depth, or complete the data set')
        return read_depth(found[0])
