"""VSPW: 124 classes of video semantic segmentation in the wild."""

from .registry import register_label_space
from .space import ClassInfo, LabelSpace
from .vipseg import VIPSEG_CATEGORIES

# VIPSeg was annotated on VSPW's videos with VSPW's classes: names, order and colours are those of VIPSeg's categories.
# VSPW has no instances.
_CLASSES = [ClassInfo(name, colour, False, number) for number, (name, _, colour) in enumerate(VIPSEG_CATEGORIES)]
_IN_TOY_STREETS = ('grass', 'road', 'path', 'building', 'sky', 'car', 'person', 'tree')

#: 124 stuff classes, dataset ids 0..123.
VSPW = register_label_space(LabelSpace('vspw', _CLASSES))
#: The classes of VSPW that toy streets show, with the same ids.
VSPW_TOY = register_label_space(LabelSpace('vspw_toy', [info for info in _CLASSES if info.name in _IN_TOY_STREETS]))
