"""Layouts of labelled videos by name: what command lines call ``--data-set``."""

from typing import Dict, Type

from knet.layouts.base import VideoGroundTruth
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.semantic_kitti import SemanticKittiGroundTruth
from knet.layouts.vipseg import VIPSegGroundTruth
from knet.layouts.vspw import VIPSegSemanticGroundTruth, VSPWGroundTruth

#: Layouts of labelled videos by name.
LAYOUTS: Dict[str, Type[VideoGroundTruth]] = {
    'kitti-step': KittiStepGroundTruth,
    'semantic-kitti': SemanticKittiGroundTruth,
    'cityscapes-vps': CityscapesVPSGroundTruth,
    'vipseg': VIPSegGroundTruth,
    'vspw': VSPWGroundTruth,
    'vipseg-semantic': VIPSegSemanticGroundTruth,
}


def register_layout(name: str, layout: Type[VideoGroundTruth]) -> Type[VideoGroundTruth]:
    """Make a layout known under a name.

    Args:
        name: Name of the layout on command lines.
        layout: The layout; its ``label_space`` must be registered with :func:`knet.labels.register_label_space`.

    Returns:
        The layout.

    Raises:
        ValueError: If another layout has this name.
    """
    if LAYOUTS.setdefault(name, layout) is not layout:
        raise ValueError(f'layout {name!r} exists already ({LAYOUTS[name].__name__}); choose another name')
    return layout


def get_layout(name: str) -> Type[VideoGroundTruth]:
    """Return the layout of a name.

    Raises:
        KeyError: If there is none.
    """
    if name not in LAYOUTS:
        raise KeyError(f'unknown layout {name!r}; known: {", ".join(LAYOUTS)}; add one with register_layout')
    return LAYOUTS[name]
