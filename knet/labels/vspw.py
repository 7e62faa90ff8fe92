"""VSPW: 124 classes of video semantic segmentation in the wild."""
from .space import ClassInfo, LabelSpace, register_label_space
from .vipseg import VIPSEG_CATEGORIES

#: 124 stuff classes, dataset ids 0..123. VIPSeg was annotated on VSPW's videos with VSPW's classes, so names, order and
#: colours are those of VIPSeg's categories; nothing here has instances.
VSPW = register_label_space(LabelSpace(
    'vspw', [ClassInfo(name, colour, False, number) for number, (name, _, colour) in enumerate(VIPSEG_CATEGORIES)]))
