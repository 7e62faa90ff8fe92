"""Toy videos in the layout of SemanticKITTI-DVPS, without depth."""

from typing import Iterable

from knet.labels import SEMANTIC_KITTI
from knet.layouts.kitti_step import file_name, split_folder
from knet.layouts.semantic_kitti import SemanticKittiGroundTruth, encode_class_instance
from knet.utils.io import PathLike, write_png_atomic

from .base import Video, class_table


def write_semantic_kitti(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write images and label maps, see :mod:`knet.layouts.semantic_kitti`.

    The sky is void: no laser beam comes back from it.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.
    """
    table, layout = class_table(SEMANTIC_KITTI, {}), SemanticKittiGroundTruth
    folder = split_folder(root, split)
    folder.mkdir(parents=True, exist_ok=True)
    for video, frames in videos:
        for number, frame in enumerate(frames):
            labels = encode_class_instance(table[frame.semantic], frame.instance)
            for ending, pixels in zip((layout.image_ending, *layout.label_endings), (frame.image, *labels)):
                write_png_atomic(folder / file_name(video, number, ending), pixels)
