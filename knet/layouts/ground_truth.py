"""Ground truth of video data sets, as the evaluators read it.

One class per layout; all of them number videos and frames as the prediction
store does. See :mod:`knet.layouts.cityscapes_vps` for Cityscapes-VPS.
"""

import re
from pathlib import Path
from typing import List, Tuple

import numpy as np

from knet.layouts.id_maps import read_class_instance, read_depth, read_rgb_panoptic, read_vipseg_panoptic, split_id_map
from knet.layouts.video_files import StoredVideos, VideoFiles
from knet.utils.io import PathLike


class VideoGroundTruth(StoredVideos):
    """Labelled videos. Subclasses say where the files lie and how one is decoded.

    Args:
        root: Data set folder.
        split: ``'train'``, ``'val'``, ...

    Attributes:
        root (Path): Folder of the label files.
        label_space (str): Name of the classes.
        default_root (str): Where the data set lies usually.
        vpq_windows (tuple[int]): Window lengths of VPQ, in labelled frames.
        labels_every_frame (bool): False where only some frames of a video are
            labelled; predictions of the others are no mistake.

    Raises:
        FileNotFoundError: If the split doesn't exist or holds no annotation.
    """

    label_space: str
    default_root: str
    vpq_windows: Tuple[int, ...] = (1, 2, 3, 4)
    labels_every_frame = True

    def __init__(self, root: PathLike, split: str = 'val') -> None:
        super().__init__(*self._scan(Path(root).expanduser(), split))

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        """Folder of the label files, and the files."""
        raise NotImplementedError

    @staticmethod
    def decode(*paths: PathLike) -> np.ndarray:
        """Read the label files of a frame as an id map, (H, W) int32."""
        raise NotImplementedError

    def read(self, video_id: int, frame_id: int) -> Tuple[np.ndarray, np.ndarray]:
        """Read one frame.

        Returns:
            semantic (H, W) uint8 class ids and instance (H, W) int32 ids.

        Raises:
            ValueError: If a file is damaged or not of the expected kind.
        """
        return split_id_map(self.decode(*self._videos[video_id][frame_id]))

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the depth of a frame: (H, W) float32 metres, 0 = unknown.

        Raises:
            FileNotFoundError: If the frame has none.
        """
        raise FileNotFoundError(f'{self.path(video_id, frame_id)}: this data set has no depth; score without it')


class KittiStepGroundTruth(VideoGroundTruth):
    """Reads ground truth in the KITTI-STEP layout.

    ``ROOT/video_sequence/<split>/SSSSSS_FFFFFF_panoptic.png``, 8-bit RGB:
    R = class (255 void), instance = 256 * G + B; optionally
    ``SSSSSS_FFFFFF_depth.png``, 16 bit, metres * 256.

    Args:
        root: Data set folder.
        split: ``'train'``, ``'val'``, ...

    Attributes:
        suffixes (tuple[str]): Endings of the label files of a frame.
        depth_suffix (str): Pattern of the ending of its depth file.
    """

    label_space = 'kitti_step'
    default_root = 'data/kitti-step'
    suffixes: Tuple[str, ...] = ('panoptic.png',)
    depth_suffix = 'depth.png'
    decode = staticmethod(read_rgb_panoptic)

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        folder = root / 'video_sequence' / split
        if not folder.is_dir():
            raise FileNotFoundError(f'{folder}: no such folder; give the data set root that holds video_sequence/')
        name = re.compile(rf'(\d+)_(\d+)_{re.escape(cls.suffixes[0])}')
        videos: VideoFiles = {}
        for path in folder.iterdir():
            match = name.fullmatch(path.name)
            if match:
                stem = path.name[: -len(cls.suffixes[0])]
                files = (path, *(path.with_name(stem + suffix) for suffix in cls.suffixes[1:]))
                videos.setdefault(int(match.group(1)), {})[int(match.group(2))] = files
        if not videos:
            raise FileNotFoundError(f'{folder}: no SSSSSS_FFFFFF_{cls.suffixes[0]} in it')
        return folder, videos

    def read_depth(self, video_id: int, frame_id: int) -> np.ndarray:
        """Read the depth of a frame, see :meth:`VideoGroundTruth.read_depth`."""
        label = self.path(video_id, frame_id)
        stem = label.name[: -len(self.suffixes[0])]
        found = sorted(self.root.glob(stem + self.depth_suffix))
        if not found:
            raise FileNotFoundError(
                f'{self.root / (stem + self.depth_suffix)}: no such depth map; '
                'score without depth, or complete the data set'
            )
        return read_depth(found[0])


class SemanticKittiGroundTruth(KittiStepGroundTruth):
    """Reads ground truth in the SemanticKITTI-DVPS layout.

    ``ROOT/video_sequence/<split>/SSSSSS_FFFFFF_gtFine_{class,instance}.png``,
    gray; optionally ``SSSSSS_FFFFFF_depth_<focal length>.png``.
    """

    label_space = 'semantic_kitti'
    default_root = 'data/kitti-dvps'
    suffixes = ('gtFine_class.png', 'gtFine_instance.png')
    depth_suffix = 'depth*.png'
    decode = staticmethod(read_class_instance)


class VIPSegGroundTruth(VideoGroundTruth):
    """Reads ground truth in the VIPSeg layout.

    ``ROOT/<split>.txt`` names one video per line, ``ROOT/panomasks/<video>/``
    holds its label maps (:func:`~knet.layouts.id_maps.decode_vipseg`). A
    video's number is its line, counted from 0, a frame's number its position
    among the sorted file names.
    """

    label_space = 'vipseg'
    default_root = 'data/VIPSeg'
    vpq_windows = (1, 2, 4, 6)
    decode = staticmethod(read_vipseg_panoptic)

    @classmethod
    def _scan(cls, root: Path, split: str) -> Tuple[Path, VideoFiles]:
        folder = root / 'panomasks'
        videos = {
            number: {frame: (path,) for frame, path in enumerate(list_video(folder / name, '.png'))}
            for number, name in enumerate(read_video_list(root, split))
        }
        return folder, videos


def read_video_list(root: PathLike, split: str) -> List[str]:
    """Video names of a split that is a text file, one per line; empty lines don't count.

    Args:
        root: Data set folder.
        split: Name of the file without ``.txt``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is empty or names a video twice.
    """
    path = Path(root) / f'{split}.txt'
    if not path.is_file():
        raise FileNotFoundError(
            f'{path}: no such file; it lists the videos of the split, one folder name per line. '
            'Take it from the release, or give the data set root that holds it'
        )
    names = [line.strip() for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
    if not names:
        raise ValueError(f'{path}: names no video; take the file from the release again')
    twice = sorted(name for name in set(names) if names.count(name) > 1)
    if twice:
        raise ValueError(f'{path}: video {twice[0]} is named {names.count(twice[0])} times; remove the repetition')
    return names


def list_video(folder: Path, suffix: str) -> List[Path]:
    """Files of a video in order of their names.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it holds no file that ends in ``suffix``.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'{folder}: no such folder, but the split names the video {folder.name}; unpack it, or remove its line'
        )
    files = sorted(path for path in folder.iterdir() if path.name.endswith(suffix))
    if not files:
        raise ValueError(f'{folder}: no *{suffix} in it; unpack the video again, or remove it from the split')
    return files
