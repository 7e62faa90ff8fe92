"""Cityscapes panoptic: 8 things and 11 classes of stuff in COCO's form."""

import os.path as osp
from typing import Any, Dict

import numpy as np
from mmdet.datasets.builder import DATASETS

from .coco_panoptic import CocoPanopticDatasetCustom

_IMAGE_ENDING = '_leftImg8bit'


@DATASETS.register_module()
class CityscapesPanopticDataset(CocoPanopticDatasetCustom):
    """Cityscapes with json files in COCO's form; the stuff maps are train ids.

    Takes the arguments of :class:`.coco_panoptic.CocoPanopticDatasetCustom`.
    The instance json names the stuff map of an image (``segm_file``), and the
    panoptic json calls an image by its stem without ``_leftImg8bit``.

    Args:
        label_space: The classes.
        kwargs: All other arguments.
    """

    def __init__(self, label_space: str = 'cityscapes_panoptic', **kwargs: Any) -> None:
        super().__init__(label_space=label_space, **kwargs)

    @staticmethod
    def panoptic_id(info: Dict[str, Any]) -> str:
        """``aachen_000000_000019`` of ``aachen/aachen_000000_000019_leftImg8bit.png``."""
        stem = osp.splitext(osp.basename(info['filename']))[0]
        return stem[: -len(_IMAGE_ENDING)] if stem.endswith(_IMAGE_ENDING) else stem

    def stuff_map_table(self) -> np.ndarray:
        """(256,) int16: train ids are dataset ids."""
        table = np.full(256, -1, dtype=np.int16)
        known = np.append(self.label_space.dataset_ids, self.label_space.void)
        table[known] = known
        return table
