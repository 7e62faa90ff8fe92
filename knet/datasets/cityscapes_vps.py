"""Cityscapes-VPS: clips of 30 street frames, every fifth of them labelled."""

from typing import Any, Callable, List, Optional

import numpy as np
from mmdet.datasets.builder import DATASETS

from knet.layouts.base import FrameRecord, VideoGroundTruth
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth

from .video_base import VideoPanopticDataset


@DATASETS.register_module()
class CityscapesVPSDataset(VideoPanopticDataset):
    """Videos in the layout of Cityscapes-VPS: 8 things, 11 stuff classes.

    Training reads the labelled frames, testing streams all frames. The neighbours of a labelled frame are the labelled
    frames before and after it. See :mod:`knet.layouts.cityscapes_vps` for the files and
    :class:`.video_base.VideoPanopticDataset` for the arguments.
    """

    layout = CityscapesVPSGroundTruth

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._truth: Optional[VideoGroundTruth] = None
        super().__init__(*args, **kwargs)

    def scan(self) -> List[FrameRecord]:
        """List the frames in order of video and frame number."""
        records = super().scan()
        self._truth = None if self.is_unlabelled else self.ground_truth()
        return records

    @property
    def read_id_map(self) -> Callable[..., np.ndarray]:
        """Function from the label file of a frame to its id map; the JSON file lists the segments."""
        return super().read_id_map if self._truth is None else self._truth.read_id_map
