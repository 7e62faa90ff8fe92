"""The class with which harbour videos are trained and tested."""

from harbour import HarbourLayout
from mmdet.datasets import DATASETS

from knet.datasets.video_base import VideoPanopticDataset


@DATASETS.register_module()
class HarbourDataset(VideoPanopticDataset):
    """Harbour videos."""

    layout = HarbourLayout
