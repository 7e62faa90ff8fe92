"""Predictions drawn over frames, and frames beside each other."""

from typing import Collection, List, Mapping, Optional, Sequence, Tuple, Union

import cv2
import numpy as np

from knet.labels import LabelSpace
from knet.structures import InstancePrediction, PanopticPrediction
from knet.visualization.captions import FONT, write_captions
from knet.visualization.palette import semantic_colours, track_colours

_TITLE_HEIGHT = 22
_TITLE_BACK = (32, 34, 38)
#: Things without a counterpart.
NEUTRAL = (205, 205, 205)


def overlay(
    image_rgb: np.ndarray,
    semantic: np.ndarray,
    instance: np.ndarray,
    label_space: LabelSpace,
    alpha: float = 0.5,
    captions: Optional[Mapping[int, str]] = None,
    neutral: Collection[int] = (),
) -> np.ndarray:
    """Lay a panoptic map over a frame.

    Stuff has its class colour, a tracked thing the colour of its track, an outline and, if there is room, its id or
    caption. Pixels of void keep the colours of the image.

    Args:
        image_rgb: (H, W, 3) uint8 RGB.
        semantic: (H, W) dataset ids.
        instance: (H, W) track ids, 0 for pixels without a track.
        label_space: Label space of ``semantic``.
        alpha: Strength of the colours, 0 (photo) .. 1 (map).
        captions: Text by track id, written in any case and instead of the id.
        neutral: Ids that are drawn in grey and without a text.

    Returns:
        (H, W, 3) uint8 RGB, a new array.

    Raises:
        ValueError: If the three arrays differ in size.
    """
    if not image_rgb.shape[:2] == semantic.shape == instance.shape:
        raise ValueError(
            f'image {image_rgb.shape[:2]}, classes {semantic.shape} and ids {instance.shape} must have one size'
        )
    tracked = instance > 0
    colours = semantic_colours(semantic, label_space)
    colours[tracked] = track_colours(instance[tracked])
    named = instance
    if neutral:
        plain = np.isin(instance, list(neutral))
        colours[plain] = NEUTRAL
        named = np.where(plain, 0, instance)
    image_rgb = np.ascontiguousarray(image_rgb)
    mixed = cv2.addWeighted(image_rgb, 1 - alpha, colours, alpha, 0)
    # Things are drawn a little stronger than stuff because people look for them.
    strong = min(1.0, alpha * 1.25)
    mixed[tracked] = cv2.addWeighted(image_rgb, 1 - strong, colours, strong, 0)[tracked]
    void = semantic == label_space.void
    mixed[void] = image_rgb[void]
    edges, thing_edges = _outlines(semantic, instance)
    mixed[edges] = mixed[edges] // 2
    mixed[thing_edges] = 255
    write_captions(mixed, named, captions)
    return mixed


def flat_maps(
    prediction: Union[PanopticPrediction, InstancePrediction], label_space: LabelSpace, score_thr: float = 0.3
) -> Tuple[np.ndarray, np.ndarray]:
    """Return the label maps that :func:`overlay` draws of a prediction.

    Where instances overlap, the one with the higher score lies on top.

    Args:
        prediction: Panoptic maps, or instances by descending score.
        label_space: Label space of the prediction.
        score_thr: Score in 0..1 below which instances are left out; panoptic maps are taken as they are.

    Returns:
        (H, W) dataset ids with void where nothing is predicted, and (H, W) instance ids of things, counted from 1.
    """
    if isinstance(prediction, PanopticPrediction):
        return prediction.semantic, prediction.instance
    shown = np.flatnonzero(prediction.scores >= score_thr)
    if not len(shown):
        shape = prediction.masks.shape[1:]
        return np.full(shape, label_space.void, dtype=np.uint8), np.zeros(shape, dtype=np.int32)
    masks = prediction.masks[shown]
    first, covered = masks.argmax(0), masks.any(0)
    classes = label_space.dataset_ids[prediction.labels[shown]]
    semantic = np.where(covered, classes[first], label_space.void).astype(np.uint8)
    return semantic, np.where(covered, shown[first] + 1, 0).astype(np.int32)


def _outlines(semantic: np.ndarray, instance: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the boundaries between segments and those on pixels of things, both (H, W) bool."""
    segments = semantic.astype(np.int64) * (1 << 32) + instance
    edges = np.zeros(segments.shape, dtype=bool)
    across, down = segments[:, 1:] != segments[:, :-1], segments[1:] != segments[:-1]
    edges[:, 1:] |= across
    edges[1:] |= down
    inside = edges.copy()
    inside[:, :-1] |= across
    inside[:-1] |= down
    # On small frames a full outline would hide the thing.
    return edges, inside & (instance > 0) if min(segments.shape) >= 160 else edges & (instance > 0)


def enlarge(
    image_rgb: np.ndarray, semantic: np.ndarray, instance: np.ndarray, min_width: int = 640
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Enlarge a small frame by an integer factor, so that drawings are readable.

    Args:
        image_rgb: (H, W, 3) uint8 RGB.
        semantic: (H, W) class map.
        instance: (H, W) id map.
        min_width: Smallest width of the result in pixels.

    Returns:
        The three arrays; unchanged if they are wide enough.
    """
    factor = -(-min_width // image_rgb.shape[1])
    if factor <= 1:
        return image_rgb, semantic, instance
    size = (image_rgb.shape[1] * factor, image_rgb.shape[0] * factor)
    block = np.ones((factor, factor), dtype=np.uint8)
    return (
        cv2.resize(image_rgb, size, interpolation=cv2.INTER_CUBIC),
        np.kron(semantic, block).astype(semantic.dtype),
        np.kron(instance, block).astype(instance.dtype),
    )


def shrink(picture: np.ndarray, max_width: int) -> np.ndarray:
    """Return a picture, (H, W, 3) uint8, scaled down to a width in pixels if it is wider."""
    if picture.shape[1] <= max_width:
        return picture
    size = (max_width, round(picture.shape[0] * max_width / picture.shape[1]))
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)


def side_by_side(images: Sequence[np.ndarray], titles: Sequence[str], vertical: Optional[bool] = None) -> np.ndarray:
    """Put pictures of one size beside each other under their titles.

    Args:
        images: (H, W, 3) uint8 RGB each.
        titles: One title per picture.
        vertical: True stacks the pictures, None stacks wide pictures only.

    Returns:
        (H', W', 3) uint8 RGB.

    Raises:
        ValueError: If there is nothing to show, a title is missing, or sizes differ.
    """
    if not images or len(images) != len(titles):
        raise ValueError(f'{len(images)} pictures and {len(titles)} titles; one title per picture is needed')
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise ValueError(f'pictures side by side must have one size, got {sorted(sizes)}')
    height, width = images[0].shape[:2]
    if vertical is None:
        vertical = width > 1.8 * height
    tiles: List[np.ndarray] = []
    for image, title in zip(images, titles):
        bar = np.full((_TITLE_HEIGHT, width, 3), _TITLE_BACK, dtype=np.uint8)
        cv2.putText(bar, title, (6, 16), FONT, 0.45, (240, 240, 240), 1, cv2.LINE_AA)
        tiles.append(np.concatenate([bar, image], axis=0))
    return np.concatenate(tiles, axis=0 if vertical else 1)
