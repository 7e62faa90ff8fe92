"""Cityscapes train ids: KITTI-STEP, Cityscapes-STEP, Cityscapes panoptic and Cityscapes-VPS."""

from typing import Sequence

from .registry import register_label_space
from .space import ClassInfo, LabelSpace

_CITYSCAPES = (
    ('road', (128, 64, 128)),
    ('sidewalk', (244, 35, 232)),
    ('building', (70, 70, 70)),
    ('wall', (102, 102, 156)),
    ('fence', (190, 153, 153)),
    ('pole', (153, 153, 153)),
    ('traffic light', (250, 170, 30)),
    ('traffic sign', (220, 220, 0)),
    ('vegetation', (107, 142, 35)),
    ('terrain', (152, 251, 152)),
    ('sky', (70, 130, 180)),
    ('person', (220, 20, 60)),
    ('rider', (255, 0, 0)),
    ('car', (0, 0, 142)),
    ('truck', (0, 0, 70)),
    ('bus', (0, 60, 100)),
    ('train', (0, 80, 100)),
    ('motorcycle', (0, 0, 230)),
    ('bicycle', (119, 11, 32)),
)


def _cityscapes_space(name: str, thing_ids: Sequence[int]) -> LabelSpace:
    return register_label_space(
        LabelSpace(name, [ClassInfo(label, colour, i in thing_ids, i) for i, (label, colour) in enumerate(_CITYSCAPES)])
    )


#: KITTI-STEP and Cityscapes-STEP: 2 things (person 11, car 13) + 17 stuff.
KITTI_STEP = _cityscapes_space('kitti_step', (11, 13))
#: Cityscapes panoptic and Cityscapes-VPS: 8 things (11..18) + 11 stuff (0..10).
CITYSCAPES_PANOPTIC = _cityscapes_space('cityscapes_panoptic', range(11, 19))
