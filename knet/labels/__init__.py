"""Label spaces: the declarative description of a data set's classes.

:mod:`.space` defines the type; the other modules declare one data set each. Detectors, data sets, fusion, evaluators
and drawing take the numbering of classes from a label space; a new data set is one more declaration.
"""

from .cityscapes import CITYSCAPES_PANOPTIC, KITTI_STEP
from .coco import COCO, COCO_PANOPTIC
from .semantic_kitti import SEMANTIC_KITTI
from .space import LABEL_SPACES, ClassInfo, Colour, LabelSpace, get_label_space, register_label_space
from .vipseg import VIPSEG
from .vspw import VSPW, VSPW_TOY
from .youtube_vis import YOUTUBE_VIS_2019, YOUTUBE_VIS_2021

__all__ = [
    'CITYSCAPES_PANOPTIC',
    'COCO',
    'COCO_PANOPTIC',
    'KITTI_STEP',
    'LABEL_SPACES',
    'SEMANTIC_KITTI',
    'VIPSEG',
    'VSPW',
    'VSPW_TOY',
    'YOUTUBE_VIS_2019',
    'YOUTUBE_VIS_2021',
    'ClassInfo',
    'Colour',
    'LabelSpace',
    'get_label_space',
    'register_label_space',
]
