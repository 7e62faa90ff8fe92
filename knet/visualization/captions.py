"""Names of tracks, written into pictures so that none hides another."""

from typing import List, Mapping, Optional, Tuple

import cv2
import numpy as np

FONT = cv2.FONT_HERSHEY_SIMPLEX
#: Steps from the middle of a track to where its text may stand, in heights and widths of the text, nearest first.
_STEPS = sorted(
    ((down, right) for down in range(-6, 7) for right in (-1.0, -0.5, 0.0, 0.5, 1.0)),
    key=lambda step: (abs(step[0]) + 3 * abs(step[1]), step),
)

Box = Tuple[float, float, float, float]


def write_captions(image: np.ndarray, instance: np.ndarray, captions: Optional[Mapping[int, str]] = None) -> None:
    """Write the caption of every track, or its id if there is room, in place.

    A text stands in the middle of its track, or as near to it as it hides no other; lower ids choose first.

    Args:
        image: (H, W, 3) uint8 RGB.
        instance: (H, W) track ids, 0 for pixels without a track.
        captions: Text by track id, written in any case and instead of the id.
    """
    rows, columns = np.nonzero(instance)
    ids, which = np.unique(instance[rows, columns], return_inverse=True)
    which = which.reshape(-1)
    counts = np.bincount(which, minlength=len(ids))
    scale = float(np.clip(image.shape[0] / 600, 0.4, 1.0))
    written: List[Box] = []
    for position in np.flatnonzero(counts):
        mine = which == position
        y, x = rows[mine], columns[mine]
        text = str(ids[position]) if captions is None else captions[int(ids[position])]
        (width, height), _ = cv2.getTextSize(text, FONT, scale, 1)
        if captions is None and (counts[position] < 1.5 * width * height or x.max() - x.min() < width):
            continue
        left, bottom = _place(x.mean() - width / 2, y.mean() + height / 2, width, height, image.shape[:2], written)
        written.append((left, bottom - height, left + width, bottom))
        corner = (int(left), int(bottom))
        cv2.putText(image, text, corner, FONT, scale, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(image, text, corner, FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)


def _place(
    left: float, bottom: float, width: int, height: int, size: Tuple[int, int], written: List[Box]
) -> Tuple[float, float]:
    """Return left and bottom of the free place in the picture that is nearest to a wish; the wish if none is free."""
    widest = max(size[1] - width, 0)
    first = (min(max(left, 0), widest), bottom)
    for number, (down, right) in enumerate(_STEPS):
        x, y = min(max(left + right * width, 0), widest), bottom + down * 1.5 * height
        # The wish itself may reach over the upper or lower edge, as a track that leaves the picture does.
        inside = number == 0 or height <= y < size[0]
        if inside and not any(_overlap((x, y - height, x + width, y), other) for other in written):
            return x, y
    return first


def _overlap(a: Box, b: Box, margin: int = 3) -> bool:
    """Return whether two boxes (left, top, right, bottom) come closer than a margin in pixels."""
    return a[0] < b[2] + margin and b[0] < a[2] + margin and a[1] < b[3] + margin and b[1] < a[3] + margin
