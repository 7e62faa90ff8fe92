"""Label ids of the Cityscapes release and the train ids that they become."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class CityscapesLabel:
    """A label of the annotation.

    Attributes:
        name: Name in the polygon files.
        id: Value in ``*_labelIds.png``; -1 is never drawn.
        train_id: Dataset id of :data:`knet.labels.CITYSCAPES_PANOPTIC`, 255 for labels that are not evaluated.
        has_instances: True if instances are told apart.
    """

    name: str
    id: int
    train_id: int
    has_instances: bool


_FIRST_INSTANCE_ID = 24
_NAMES_AND_TRAIN_IDS = (
    ('unlabeled', 255),
    ('ego vehicle', 255),
    ('rectification border', 255),
    ('out of roi', 255),
    ('static', 255),
    ('dynamic', 255),
    ('ground', 255),
    ('road', 0),
    ('sidewalk', 1),
    ('parking', 255),
    ('rail track', 255),
    ('building', 2),
    ('wall', 3),
    ('fence', 4),
    ('guard rail', 255),
    ('bridge', 255),
    ('tunnel', 255),
    ('pole', 5),
    ('polegroup', 255),
    ('traffic light', 6),
    ('traffic sign', 7),
    ('vegetation', 8),
    ('terrain', 9),
    ('sky', 10),
    ('person', 11),
    ('rider', 12),
    ('car', 13),
    ('truck', 14),
    ('bus', 15),
    ('caravan', 255),
    ('trailer', 255),
    ('train', 16),
    ('motorcycle', 17),
    ('bicycle', 18),
)

#: The labels in ascending id, then the license plate.
LABELS: Tuple[CityscapesLabel, ...] = (
    *(
        CityscapesLabel(name, i, train_id, i >= _FIRST_INSTANCE_ID)
        for i, (name, train_id) in enumerate(_NAMES_AND_TRAIN_IDS)
    ),
    CityscapesLabel('license plate', -1, -1, False),
)
