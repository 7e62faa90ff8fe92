"""Value types of video instance segmentation. Plain numpy, so that evaluators need no torch."""

from dataclasses import dataclass
from typing import Any, Dict, List

import numpy as np


@dataclass
class VideoInstances:
    """The tracks predicted for one video of F frames.

    Attributes:
        scores: (n,) float32 in 0..1, descending.
        labels: (n,) int64 thing labels, 0..T-1.
        segmentations: n lists of F COCO run-length codes ``{'size': [H, W], 'counts': str}`` at original size.
    """

    scores: np.ndarray
    labels: np.ndarray
    segmentations: List[List[Dict[str, Any]]]
