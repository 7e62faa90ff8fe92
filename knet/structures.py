"""Value types that the packages exchange: segments and predictions.

They are plain data with numpy arrays, so that evaluators and drawing need no torch.
"""

from dataclasses import dataclass, field
from typing import List

import numpy as np


@dataclass
class Segment:
    """One region of a panoptic map.

    Attributes:
        id: Value of the segment in :attr:`PanopticPrediction.panoptic`, >= 1.
        category: Dataset id of the class of the segment.
        is_thing: True if the class has instances.
        score: Confidence in 0..1.
        area: Number of pixels of the segment.
        kernel: Index of the kernel (query) that predicted the segment, 0..Q-1.
        track_id: Identity over the video, >= 1; 0 for stuff and untracked things.
    """

    id: int
    category: int
    is_thing: bool
    score: float
    area: int
    kernel: int
    track_id: int = 0


@dataclass
class PanopticPrediction:
    """Everything predicted for one frame at its original size (H, W).

    Attributes:
        semantic: (H, W) uint8, dataset ids; void where nothing was predicted.
        instance: (H, W) int32, track ids for video models, segment ids for image models; 0 for stuff.
        panoptic: (H, W) int32, :attr:`Segment.id` per pixel; 0 = no segment.
        segments: The segments, in the order in which they were placed: of descending score, or things before stuff.
    """

    semantic: np.ndarray
    instance: np.ndarray
    panoptic: np.ndarray
    segments: List[Segment] = field(default_factory=list)


@dataclass
class InstancePrediction:
    """The things predicted for one image at its original size (H, W); masks may overlap.

    Attributes:
        scores: (n,) float32 in 0..1, descending.
        labels: (n,) int64 thing labels, 0..T-1.
        masks: (n, H, W) bool.
    """

    scores: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
