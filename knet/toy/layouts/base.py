"""What the writers of all layouts share."""

from typing import Dict, Iterable, Mapping, Tuple

import numpy as np

from knet.labels import KITTI_STEP, LabelSpace
from knet.toy.street import ToyFrame

#: (video id, its frames)
Video = Tuple[int, Iterable[ToyFrame]]


def class_table(space: LabelSpace, renamed: Mapping[str, str]) -> np.ndarray:
    """Return the class of a label space for every class of the street.

    Args:
        space: The label space of the layout.
        renamed: Its class for a class of the street. Classes that are not mentioned keep their name.

    Returns:
        (256,) uint8 dataset ids by train id; void for names that ``space`` lacks.
    """
    target: Dict[str, int] = {info.name: info.dataset_id for info in space.classes}
    table = np.full(256, space.void, dtype=np.uint8)
    for info in KITTI_STEP.classes:
        table[info.dataset_id] = target.get(renamed.get(info.name, info.name), space.void)
    return table
