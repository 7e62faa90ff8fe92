"""A legend beside a picture: the classes and tracks that it shows."""

from typing import List, Tuple

import cv2
import numpy as np

from knet.labels import Colour, LabelSpace
from knet.visualization.palette import track_colour

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BACK, _TEXT, _FRAME = (32, 34, 38), (240, 240, 240), (160, 160, 160)


def legend_entries(
    semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace
) -> List[Tuple[int, Colour, str]]:
    """Return pixels, colour and text of what :func:`~knet.visualization.overlay.overlay` paints.

    Args:
        semantic: (H, W) dataset ids.
        instance: (H, W) track ids, 0 for pixels without a track.
        label_space: Label space of ``semantic``.

    Returns:
        Tracks in ascending id, as class and id, then classes of pixels without a track in ascending dataset id.
    """
    names = {info.dataset_id: info.name for info in label_space.classes}
    classes, tracks = semantic.ravel(), instance.ravel()
    pixels = np.bincount(tracks)
    position = np.zeros(len(pixels), dtype=np.int64)
    position[tracks] = np.arange(len(tracks))
    entries = [
        (int(pixels[track]), track_colour(track), f'{names.get(int(classes[position[track]]), "?")} {track}')
        for track in (np.flatnonzero(pixels[1:]) + 1).tolist()
    ]
    untracked = np.bincount(classes[tracks == 0], minlength=256)
    shown = (info for info in label_space.classes if untracked[info.dataset_id])
    return [*entries, *((int(untracked[info.dataset_id]), info.colour, info.name) for info in shown)]


def with_legend(picture: np.ndarray, semantic: np.ndarray, instance: np.ndarray, label_space: LabelSpace) -> np.ndarray:
    """Put a legend to the right of a picture. Its width depends on size and classes only, as a video needs it.

    Args:
        picture: (H, W, 3) uint8 RGB.
        semantic: (H, W) dataset ids.
        instance: (H, W) track ids, 0 for pixels without a track.
        label_space: Label space of ``semantic``.

    Returns:
        (H, W + w, 3) uint8 RGB. The entries with the most pixels are shown if there is no room for all.
    """
    height = picture.shape[0]
    scale = float(np.clip(height / 900, 0.4, 1.0))
    row = round(36 * scale)
    longest = max((cv2.getTextSize(f'{name} 000', _FONT, scale, 1)[0][0] for name in label_space.names), default=0)
    panel = np.full((height, longest + 2 * row, 3), _BACK, dtype=np.uint8)
    entries, room = legend_entries(semantic, instance, label_space), max(1, height // row)
    if len(entries) > room:
        largest = sorted(range(len(entries)), key=lambda number: -entries[number][0])[: room - 1]
        hidden = len(entries) - len(largest)
        entries = [*[entries[number] for number in sorted(largest)], (0, _BACK, f'+ {hidden} more')]
    for line, (_, colour, text) in enumerate(entries):
        top = line * row
        box = ((row // 4, top + row // 5), (row, top + row - row // 5))
        cv2.rectangle(panel, *box, colour, cv2.FILLED)
        if colour != _BACK:
            cv2.rectangle(panel, *box, _FRAME, 1)
        cv2.putText(panel, text, (row + row // 3, top + row - row // 3), _FONT, scale, _TEXT, 1, cv2.LINE_AA)
    return np.concatenate([picture, panel], axis=1)
