"""Label spaces: the declarative description of a data set's classes.

:mod:`.space` defines the type, :mod:`.registry` finds a space by its name, its file or its plain data; most other
modules declare one data set each. Detectors, data sets, fusion, evaluators and drawing take the numbering of classes
from a label space; a new data set is one more declaration.
"""

from .cityscapes import CITYSCAPES_PANOPTIC, KITTI_STEP
from .coco import COCO, COCO_PANOPTIC
from .colours import Colour
from .plain import space_from_plain
from .registry import LABEL_SPACES, AnyLabelSpace, get_label_space, register_label_space
from .semantic_kitti import SEMANTIC_KITTI
from .space import ClassInfo, LabelSpace
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
    'AnyLabelSpace',
    'ClassInfo',
    'Colour',
    'LabelSpace',
    'get_label_space',
    'register_label_space',
    'space_from_plain',
]
