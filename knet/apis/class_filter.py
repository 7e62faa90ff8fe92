"""Predictions reduced to some classes."""

import dataclasses
import difflib
from typing import Any, Sequence

import numpy as np

from knet.labels import LabelSpace
from knet.structures import PanopticPrediction
from knet.utils.cli import UsageError


def choose_classes(names: Sequence[str], label_space: LabelSpace) -> np.ndarray:
    """Return which dataset ids have one of some names, (256,) bool.

    Raises:
        UsageError: For a name that no class has.
    """
    ids = {info.name.lower(): info.dataset_id for info in label_space.classes}
    kept = np.zeros(256, dtype=bool)
    for name in names:
        if name.lower() not in ids:
            near = difflib.get_close_matches(name.lower(), ids, 1)
            raise UsageError(
                f'{label_space.name} has no class {name!r}'
                + (f'; did you mean {near[0]!r}?' if near else '')
                + f' Its classes: {", ".join(label_space.names)}'
            )
        kept[ids[name.lower()]] = True
    return kept


def keep_classes(prediction: Any, kept: np.ndarray, label_space: LabelSpace) -> Any:
    """Return a prediction without the segments, instances or tracks of other classes.

    Args:
        prediction: Panoptic maps, instances of an image, or tracks of a clip.
        kept: (256,) bool by dataset id.
        label_space: Label space of the prediction.

    Returns:
        A prediction of the same kind; pixels of other classes are void.
    """
    if isinstance(prediction, PanopticPrediction):
        inside = kept[prediction.semantic]
        return PanopticPrediction(
            np.where(inside, prediction.semantic, label_space.void).astype(prediction.semantic.dtype),
            np.where(inside, prediction.instance, 0).astype(prediction.instance.dtype),
            np.where(inside, prediction.panoptic, 0).astype(prediction.panoptic.dtype),
            [segment for segment in prediction.segments if kept[segment.category]],
        )
    rows = np.flatnonzero(kept[label_space.dataset_ids[prediction.labels]])
    changes = dict(scores=prediction.scores[rows], labels=prediction.labels[rows])
    if hasattr(prediction, 'segmentations'):
        return dataclasses.replace(
            prediction, **changes, segmentations=[prediction.segmentations[row] for row in rows.tolist()]
        )
    return dataclasses.replace(prediction, **changes, masks=prediction.masks[rows])
