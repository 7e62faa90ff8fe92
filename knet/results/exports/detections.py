"""A panoptic map as ``Detections`` of the package supervision, whose annotators, zones and sinks then take it."""

from typing import Any

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.id_maps import ID_SHIFT, join_id_map


def to_detections(semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace, things_only: bool = True) -> Any:
    """Return the regions of a panoptic map as ``supervision.Detections``.

    Args:
        semantic: (H, W) integers, dataset class ids or void, as in
            :attr:`~knet.structures.PanopticPrediction.semantic` and in stored predictions.
        instance: (H, W) integers, track ids; 0 for stuff and for things without track.
        label_space: The classes.
        things_only: Whether stuff is left out.

    Returns:
        The detections in ascending class and track id: ``mask``, ``xyxy``, ``class_id`` (dataset ids), ``tracker_id``
        and ``data['class_name']``.

    Raises:
        ImportError: If the package supervision is not installed.
    """
    try:
        import supervision
    except ImportError as error:
        raise ImportError(f'{error}; this export needs the package supervision: pip install supervision') from error
    names = {info.dataset_id: info.name for info in (label_space.things if things_only else label_space.classes)}
    id_map = join_id_map(semantic, instance)
    codes = np.array([code for code in np.unique(id_map).tolist() if code >> ID_SHIFT in names], dtype=np.int64)
    masks = id_map[None] == codes[:, None, None]
    class_ids = codes >> ID_SHIFT
    return supervision.Detections(
        xyxy=supervision.mask_to_xyxy(masks).astype(np.float32),
        mask=masks,
        class_id=class_ids,
        tracker_id=codes & ((1 << ID_SHIFT) - 1),
        data=dict(class_name=np.array([names[number] for number in class_ids.tolist()])),
    )
