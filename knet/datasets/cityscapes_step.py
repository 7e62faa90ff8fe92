"""Cityscapes-STEP: single street images on which the video models are pre-trained."""

from mmdet.datasets.builder import DATASETS

from knet.layouts.cityscapes import CityscapesStep

from .base import PanopticDataset


@DATASETS.register_module()
class CityscapesSTEP(PanopticDataset):
    """Cityscapes images with the classes of STEP: persons and cars are things.

    Images are independent: each is the first frame of its own stream. See :mod:`knet.layouts.cityscapes` for the files
    and :class:`.base.PanopticDataset` for the arguments.
    """

    layout = CityscapesStep
