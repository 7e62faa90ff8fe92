"""The objects of label maps as run-length codes, and their tracks as YouTube-VIS annotates them."""

from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
from pycocotools import mask as mask_api

from knet.labels import LabelSpace
from knet.layouts.coco import Rle, encode_mask
from knet.layouts.id_maps import ID_SHIFT, join_id_map


def objects_of(semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace) -> Iterator[Tuple[int, int, Rle]]:
    """Yield class, instance and mask of the objects of a frame in ascending order; things of instance 0 are none.

    Args:
        semantic: (H, W) integers, dataset class ids or void.
        instance: (H, W) integers, instance ids 0..65535.
        label_space: The classes.
    """
    # Runs go down the columns.
    id_map = np.asfortranarray(join_id_map(semantic, instance))
    things = set(label_space.thing_ids)
    for code in np.unique(id_map).tolist():
        dataset_id, number = code >> ID_SHIFT, code & ((1 << ID_SHIFT) - 1)
        if number and dataset_id in things:
            yield dataset_id, number, encode_mask(id_map == code)


class VideoTracks:
    """The objects of a video, gathered frame by frame.

    Args:
        label_space: The classes.
        length: Number of frames of the video.
    """

    def __init__(self, label_space: LabelSpace, length: int) -> None:
        self.label_space, self.length = label_space, length
        self._masks: Dict[Tuple[int, int], List[Any]] = {}

    def add(self, position: int, semantic: np.ndarray, instance: np.ndarray) -> None:
        """Add the frame at a position, counted from 0; the maps are those of :func:`objects_of`."""
        for dataset_id, number, code in objects_of(semantic, instance, self.label_space):
            self._masks.setdefault((dataset_id, number), [None] * self.length)[position] = code

    def annotations(self, video_id: int, first_id: int) -> List[Dict[str, Any]]:
        """Return the tracks as YouTube-VIS annotates them, in ascending class and instance id.

        Args:
            video_id: Number of the video in the file.
            first_id: Id of the first annotation; the others follow.
        """
        return [
            dict(
                id=first_id + position,
                video_id=video_id,
                category_id=dataset_id,
                iscrowd=0,
                height=next(code for code in masks if code)['size'][0],
                width=next(code for code in masks if code)['size'][1],
                length=self.length,
                segmentations=masks,
                bboxes=[code and mask_api.toBbox(code).tolist() for code in masks],
                areas=[code and int(mask_api.area(code)) for code in masks],
            )
            for position, ((dataset_id, _), masks) in enumerate(sorted(self._masks.items()))
        ]


def thing_categories(label_space: LabelSpace) -> List[Dict[str, Any]]:
    """Return the ``categories`` of a YouTube-VIS json; the category ids are dataset ids."""
    return [dict(id=info.dataset_id, name=info.name, supercategory='object') for info in label_space.things]
