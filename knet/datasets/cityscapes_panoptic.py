"""Cityscapes panoptic: 8 things and 11 classes of stuff in COCO's form."""

from typing import Any, Dict

import numpy as np
from mmdet.datasets.builder import DATASETS

from knet.labels import AnyLabelSpace
from knet.layouts.cityscapes import panoptic_id

from .coco_panoptic import CocoPanopticDatasetCustom


@DATASETS.register_module()
class CityscapesPanopticDataset(CocoPanopticDatasetCustom):
    """Cityscapes with json files in COCO's form; the stuff maps are train ids.

    The instance json names the stuff map of an image (``segm_file``). See :mod:`knet.layouts.cityscapes` for the files.

    Args:
        label_space: The classes.
        kwargs: All other arguments, see :class:`.coco_panoptic.CocoPanopticDatasetCustom`.
    """

    def __init__(self, label_space: AnyLabelSpace = 'cityscapes_panoptic', **kwargs: Any) -> None:
        super().__init__(label_space=label_space, **kwargs)

    @staticmethod
    def panoptic_id(info: Dict[str, Any]) -> str:
        """Return ``aachen_000000_000019`` for ``aachen/aachen_000000_000019_leftImg8bit.png``."""
        return panoptic_id(info['filename'])

    def stuff_map_table(self) -> np.ndarray:
        """Return the dataset id of every value in the stuff maps, (256,) int16: train ids are dataset ids."""
        table = np.full(256, -1, dtype=np.int16)
        known = np.append(self.label_space.dataset_ids, self.label_space.void)
        table[known] = known
        table[[info.dataset_id for info in self.label_space.left_out]] = self.label_space.void
        return table
