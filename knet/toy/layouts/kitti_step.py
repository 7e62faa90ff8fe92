"""Toy videos in the layout of KITTI-STEP."""

from typing import Iterable

from knet.layouts.kitti_step import KittiStepGroundTruth, encode_rgb_panoptic, file_name, split_folder
from knet.utils.io import PathLike, write_png_atomic

from .base import Video


def write_kitti_step(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write images and label maps, see :mod:`knet.layouts.kitti_step`.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    folder, layout = split_folder(root, split), KittiStepGroundTruth
    folder.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            labels = encode_rgb_panoptic(frame.semantic, frame.instance)
            for ending, pixels in ((layout.image_ending, frame.image), (layout.label_endings[0], labels)):
                write_png_atomic(folder / file_name(video, number, ending), pixels)
