"""Selection of instances, which may overlap, from scored masks: the output of models whose label space has no stuff."""

import numpy as np
from torch import Tensor

from knet.structures import InstancePrediction

from .panoptic_fusion import MASKS_AT_ONCE, MaskResizer, check_finite


def select_instances(cls_scores: Tensor, resizer: MaskResizer, max_per_img: int, mask_thr: float) -> InstancePrediction:
    """Select the best (query, class) pairs of one image; a query may appear under several classes.

    Args:
        cls_scores: (Q, K) float in 0..1, on the host; all classes are things.
        resizer: The masks of the Q queries.
        max_per_img: Number of pairs kept.
        mask_thr: A pixel belongs to a mask if its probability exceeds this threshold.

    Returns:
        Instances at original size, by descending score.
    """
    num_classes = cls_scores.shape[1]
    scores, pairs = cls_scores.flatten().topk(min(max_per_img, cls_scores.numel()))
    found = scores.float().numpy()
    check_finite(found.tolist(), resizer.name)
    queries, rows = (pairs // num_classes).unique(return_inverse=True)
    # A few masks at a time: probabilities at full size are four times as large as the answer.
    masks = [(resizer(chunk) > mask_thr).cpu().numpy() for chunk in queries.split(MASKS_AT_ONCE)]
    return InstancePrediction(found, (pairs % num_classes).numpy(), np.concatenate(masks)[rows.numpy()])
