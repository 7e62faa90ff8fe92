"""Toy videos in the layout of Cityscapes-VPS."""

from pathlib import Path
from typing import Any, Dict, Iterable, List

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.cityscapes_vps import TRAIN_INSTANCES, image_id, image_name, json_file, label_folder, label_name
from knet.layouts.coco import encode_mask
from knet.layouts.segments import encode_segments
from knet.toy.street import ToyFrame
from knet.utils.io import PathLike, write_json_atomic, write_png_atomic

from .base import Video

#: Every fifth frame is labelled, from the fifth on; Cityscapes itself labels the twentieth.
_STRIDE, _CITYSCAPES_FRAME = 5, 19
_SPACE = CITYSCAPES_PANOPTIC


def write_cityscapes_vps(root: PathLike, split: str, videos: Iterable[Video]) -> None:
    """Write the files of the release that training or validation reads.

    Train: ``ROOT/train/{img,labelmap}/`` and ``ROOT/instances_train_city_vps_rle.json``.
    Val: ``ROOT/val/{img,img_all,panoptic_video}/`` and ``ROOT/panoptic_gt_val_city_vps.json``,
    a form that ``tools/dataset/cityscapes_vps_prepare.py`` gives to train as well.

    Args:
        root: Data set folder.
        split: ``'train'`` or ``'val'``.
        videos: Pairs of video id and frames.

    Raises:
        ValueError: If a video has fewer than 5 frames, so that none is labelled.
    """
    root, writer = Path(root), (TrainWriter if split == 'train' else _ValWriter)()
    for video, frames in videos:
        labelled = 0
        for number, frame in enumerate(frames):
            kind = 'leftImg8bit' if number == _CITYSCAPES_FRAME else 'newImg8bit'
            name = image_name(video, number + 1, 'toystreet', number, kind)
            if split != 'train':
                write_png_atomic(root / split / 'img_all' / name, frame.image)
            if number % _STRIDE == _STRIDE - 1:
                labelled += 1
                write_png_atomic(root / split / 'img' / name, frame.image)
                writer.add(root, name, frame)
        if not labelled:
            raise ValueError(f'video {video} has no labelled frame; Cityscapes-VPS needs at least {_STRIDE} frames')
    writer.close(root)


def _categories() -> List[Dict[str, Any]]:
    return [
        dict(
            id=c.dataset_id,
            trainid=c.dataset_id,
            name=c.name,
            supercategory='',
            color=list(c.colour),
            isthing=int(c.is_thing),
        )
        for c in _SPACE.classes
    ]


class _ValWriter:
    """Segment ids and what they are."""

    def __init__(self) -> None:
        self.images: List[Dict[str, Any]] = []
        self.annotations: List[Dict[str, Any]] = []

    def add(self, root: Path, name: str, frame: ToyFrame) -> None:
        """Add a labelled frame."""
        rgb, segments = encode_segments(frame.semantic, frame.instance, _SPACE, crowd=True)
        write_png_atomic(label_folder(root, 'val') / label_name(name), rgb)
        height, width = frame.semantic.shape
        self.images.append(dict(id=image_id(name), file_name=name, height=height, width=width))
        self.annotations.append(dict(image_id=image_id(name), file_name=label_name(name), segments_info=segments))

    def close(self, root: Path) -> None:
        """Write the JSON file."""
        write_json_atomic(
            json_file(root, 'val'), dict(images=self.images, annotations=self.annotations, categories=_categories())
        )


class TrainWriter:
    """Class maps, and masks of the instances."""

    def __init__(self) -> None:
        self.images: List[Dict[str, Any]] = []
        self.annotations: List[Dict[str, Any]] = []

    def add(self, root: Path, name: str, frame: ToyFrame) -> None:
        """Add a labelled frame."""
        write_png_atomic(root / 'train' / 'labelmap' / label_name(name), frame.semantic)
        height, width = frame.semantic.shape
        self.images.append(dict(id=len(self.images) + 1, file_name=name, height=height, width=width))
        for track in np.unique(frame.instance[frame.instance > 0]).tolist():
            mask = frame.instance == track
            rle = encode_mask(mask)
            self.annotations.append(
                dict(
                    id=len(self.annotations) + 1,
                    image_id=len(self.images),
                    inst_id=track,
                    iscrowd=0,
                    category_id=int(frame.semantic[mask][0]),
                    area=int(mask.sum()),
                    bbox=mask_api.toBbox(rle).tolist(),
                    segmentation=rle,
                )
            )

    def close(self, root: Path) -> None:
        """Write the JSON file."""
        things = [category for category in _categories() if category['isthing']]
        write_json_atomic(
            root / TRAIN_INSTANCES, dict(images=self.images, annotations=self.annotations, categories=things)
        )
