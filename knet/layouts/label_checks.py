"""Checks of label maps that data sets, converters and the check of a whole data set share."""

from typing import Tuple

import numpy as np

from knet.labels import LabelSpace
from knet.layouts.id_maps import ID_SHIFT
from knet.utils.io import PathLike


def check_classes(id_map: np.ndarray, label_space: LabelSpace, path: PathLike) -> None:
    """Raise an error for classes that the label space does not know.

    Args:
        id_map: int32 array of any shape.
        label_space: The classes of the data set.
        path: The file, for the message.

    Raises:
        ValueError: Naming the file and the ids.
    """
    classes = (id_map >> ID_SHIFT).astype(np.uint8)
    known = label_space.model_classes >= 0
    known[label_space.void] = True
    if known.take(classes).all():
        return
    unknown = np.flatnonzero(np.bincount(classes.ravel(), minlength=256) * ~known).tolist()
    raise ValueError(
        f'{path}: unknown class ids {unknown}; the label space {label_space.name!r} has '
        f'{sorted(label_space.dataset_ids.tolist())} and void {label_space.void}. '
        'Check the encoding of the file, or name the right label_space in the data set config.'
    )


def check_size(labels: np.ndarray, size: Tuple[int, int], path: PathLike, image: PathLike) -> None:
    """Raise an error for a label map of another size than its image.

    Args:
        labels: (H, W).
        size: Height and width of the image.
        path: File of the label map, for the message.
        image: File of the image, for the message.

    Raises:
        ValueError: Naming both files and sizes.
    """
    if labels.shape != tuple(size):
        raise ValueError(
            f'{path}: size {labels.shape} differs from {tuple(size)} of its image {image}. '
            'Image and labels must come from the same release.'
        )
