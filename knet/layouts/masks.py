"""Masks of json files: run lengths and polygons are checked here, before the C code of pycocotools reads them.

A segmentation is one of

- ``None`` or ``[]``: the object is not visible here,
- ``[[x0, y0, x1, y1, ...], ...]``: polygons in pixels, each with three points or more,
- ``dict(size=[H, W], counts=[n0, n1, ...])``: lengths of runs down the columns, background first,
- ``dict(size=[H, W], counts='...')``: the same numbers as the text of pycocotools.
"""

import math
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_api

#: ``size`` [H, W] and ``counts``, a text or bytes.
Rle = Dict[str, Any]
#: (height, width) in pixels.
Size = Tuple[int, int]

#: Greatest number of pixels of an image; pycocotools counts in 32 bits, of which its text uses 30.
MAX_PIXELS = 1 << 29
#: How far a polygon may leave its image, as a part of the side and in pixels. It is clipped there.
_OUTSIDE, _OUTSIDE_PIXELS = 0.5, 16
#: pycocotools computes areas in a buffer whose length it takes for a uint8.
_AREAS_AT_ONCE = 255
#: Texts are decoded together, so many bytes at a time.
_TEXT_AT_ONCE = 1 << 20
_LONGEST_NUMBER = 6
_NO_TEXT, _NEGATIVE = -1, -2
_FORMS = 'a mask is null, polygons [[x0, y0, x1, y1, ...], ...] or has "size" and "counts"'


def is_absent(segmentation: Any) -> bool:
    """Return whether a segmentation says that the object is not visible."""
    return segmentation is None or (isinstance(segmentation, list) and not segmentation)


def read_masks(segmentations: Sequence[Any], sizes: Sequence[Size], name: Callable[[int], str]) -> List[Optional[Rle]]:
    """Return masks as compressed run lengths, a tenth of the memory of lists.

    Args:
        segmentations: n segmentations as json files hold them.
        sizes: (height, width) of the image of each.
        name: Function that returns what messages call a mask, by its position: the file and the annotation.

    Returns:
        ``size`` and ``counts`` (bytes) of each; None where the object is not visible.

    Raises:
        ValueError: If one is neither a mask nor absent, or does not fit its image.
    """
    check_masks(segmentations, sizes, name)
    return [_compress(segmentation, size) for segmentation, size in zip(segmentations, sizes)]


def read_mask(segmentation: Any, size: Size, name: str) -> Optional[Rle]:
    """Return one mask as :func:`read_masks` does; ``name`` is what messages call it."""
    return read_masks([segmentation], [size], lambda _: name)[0]


def check_masks(segmentations: Sequence[Any], sizes: Sequence[Size], name: Callable[[int], str]) -> None:
    """Raise an error for masks that :func:`read_masks` would refuse."""
    fault = find_fault(segmentations, sizes)
    if fault is not None:
        raise ValueError(f'{name(fault[0])} {fault[1]}')


def find_fault(segmentations: Iterable[Any], sizes: Iterable[Size]) -> Optional[Tuple[int, str]]:
    """Return the position of a segmentation that is no mask of its image, and what is wrong with it; None if all are.

    The text continues a sentence that begins with a name of the mask.
    """
    texts: List[Tuple[int, bytes, Size]] = []
    for number, (segmentation, size) in enumerate(zip(segmentations, sizes)):
        if is_absent(segmentation):
            continue
        if isinstance(segmentation, list):
            fault = _polygon_fault(segmentation, size)
        else:
            fault = _rle_fault(segmentation, size)
            if fault is None and not isinstance(segmentation['counts'], list):
                counts = segmentation['counts']
                texts.append((number, counts.encode() if isinstance(counts, str) else counts, size))
        if fault is not None:
            return number, fault
    return _text_fault(texts)


def _compress(segmentation: Any, size: Size) -> Optional[Rle]:
    if is_absent(segmentation):
        return None
    if isinstance(segmentation, list):
        return mask_api.merge(mask_api.frPyObjects(segmentation, *size))
    if isinstance(segmentation['counts'], list):
        return mask_api.frPyObjects(segmentation, *size)
    counts = segmentation['counts']
    return dict(size=segmentation['size'], counts=counts.encode() if isinstance(counts, str) else counts)


# ------------------------------------------------------------ polygons
def _polygon_fault(polygons: List[Any], size: Size) -> Optional[str]:
    """Return what is wrong with polygons, None if nothing is."""
    if not isinstance(polygons[0], list):
        return 'is a flat list; polygons are lists in a list: [[x0, y0, x1, y1, ...], ...].'
    height, width = size
    margin_x, margin_y = (max(_OUTSIDE * side, _OUTSIDE_PIXELS) for side in (width, height))
    for polygon in polygons:
        if not isinstance(polygon, list) or len(polygon) < 6 or len(polygon) % 2:
            return (
                'has a polygon that is no list of three points or more, [x0, y0, x1, y1, x2, y2, ...]. Remove the '
                'polygon, or draw it again.'
            )
        try:
            # The sum is finite only if all numbers are; it refuses texts and lists.
            is_finite = math.isfinite(sum(polygon))
        except (TypeError, OverflowError):
            is_finite = False
        if not is_finite:
            return 'has a polygon with something that is no finite number. Remove the polygon, or draw it again.'
        xs, ys = polygon[::2], polygon[1::2]
        if min(xs) < -margin_x or min(ys) < -margin_y or max(xs) > width + margin_x or max(ys) > height + margin_y:
            return (
                f'has a polygon from ({min(xs):g}, {min(ys):g}) to ({max(xs):g}, {max(ys):g}) (x, y), far outside of '
                f'its image of {height} x {width} pixels (height, width). Images and annotations must come from one '
                'release and have one scale.'
            )
    return None


# ------------------------------------------------------------ run lengths
def _rle_fault(rle: Any, size: Size) -> Optional[str]:
    """Return what is wrong with run lengths, None if nothing is; texts are checked by :func:`_text_fault`."""
    if not isinstance(rle, dict) or 'size' not in rle or not isinstance(rle.get('counts'), (list, str, bytes)):
        return f'has another form: {_FORMS}.'
    found, counts = rle['size'], rle['counts']
    if not isinstance(found, (list, tuple)) or tuple(found) != tuple(size) or bool in map(type, found):
        shown = tuple(found) if isinstance(found, list) else found
        return (
            f'is {_short(shown)}, its image {tuple(size)} (height, width). Images and annotations must come from one '
            'release.'
        )
    if size[0] * size[1] > MAX_PIXELS:
        return f'is {size[0]} x {size[1]} pixels large, more than {MAX_PIXELS}.'
    if isinstance(counts, list):
        if not set(map(type, counts)) <= {int}:
            return 'has run lengths that are no integers. Write the mask again.'
        return _runs_fault(sum(counts) if not counts or min(counts) >= 0 else _NEGATIVE, size)
    if isinstance(counts, str) and not counts.isascii():
        return _runs_fault(_NO_TEXT, size)
    return None


def _runs_fault(total: int, size: Size) -> Optional[str]:
    if total == _NO_TEXT:
        return 'has "counts" that are no run lengths of pycocotools; the text is cut or damaged. Write the mask again.'
    if total == _NEGATIVE:
        return 'has negative run lengths. Write the mask again.'
    if total != size[0] * size[1]:
        return (
            f'has run lengths with the sum {_short(total)}, its image {size[0]} x {size[1]} = {size[0] * size[1]} '
            'pixels. Write the mask again.'
        )
    return None


def _short(value: Any) -> str:
    """Return a value as text that fits into a message."""
    text = f'{value:g}' if isinstance(value, int) and abs(value) > 1 << 63 and value < 10**300 else repr(value)
    return text if len(text) <= 60 else f'{text[:57]}...'


def _text_fault(texts: Sequence[Tuple[int, bytes, Size]]) -> Optional[Tuple[int, str]]:
    """Return the number of a text that is no code of its image, and what is wrong with it; None if all are."""
    start = 0
    while start < len(texts):
        stop, room = start, _TEXT_AT_ONCE
        while stop < len(texts) and (room > 0 or stop == start):
            room -= len(texts[stop][1])
            stop += 1
        block = texts[start:stop]
        totals = sum_of_runs([text for _, text, _ in block])
        pixels = np.array([height * width for _, _, (height, width) in block])
        wrong = np.flatnonzero(totals != pixels)
        if len(wrong):
            number, _, size = block[int(wrong[0])]
            return number, str(_runs_fault(int(totals[wrong[0]]), size))
        start = stop
    return None


def sum_of_runs(texts: Sequence[bytes]) -> np.ndarray:
    """Decode the run lengths of texts of pycocotools and add them up.

    A number is written in characters of 5 bits, lowest first, with 48 added and 32 where another one follows; bit 4 of
    the last is the sign. From the fourth number on a run is written as its difference to the last but one.

    Args:
        texts: n texts.

    Returns:
        (n,) int64: the number of pixels, -1 where a text is none of pycocotools, -2 where a run is negative.
    """
    totals = np.full(len(texts), _NO_TEXT, dtype=np.int64)
    filled = np.flatnonzero([len(text) > 0 for text in texts])
    if not len(filled):
        return totals
    ends = np.cumsum([len(text) for text in texts if text])
    # Characters below 48 become large numbers.
    chars = np.frombuffer(b''.join(texts), dtype=np.uint8) - np.uint8(48)
    is_last = (chars & 32) == 0
    is_text = is_last[ends - 1]
    is_text[np.searchsorted(ends, np.flatnonzero(chars > 63), side='right')] = False
    is_last[ends - 1] = True
    stops = np.flatnonzero(is_last)
    lengths = np.diff(stops, prepend=-1)
    is_text[np.searchsorted(ends, stops[lengths > _LONGEST_NUMBER], side='right')] = False
    runs, first = _undo_differences(_join_bits(chars, stops, lengths), np.searchsorted(stops, ends))
    least, total = np.minimum.reduceat(runs, first), np.add.reduceat(runs, first)
    totals[filled] = np.where(is_text, np.where(least < 0, _NEGATIVE, total), _NO_TEXT)
    return totals


def _join_bits(chars: np.ndarray, stops: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the (m,) int64 numbers that characters of 5 bits make up.

    Args:
        chars: (n,) uint8, the characters without the 48.
        stops: (m,) positions of the last characters of the numbers.
        lengths: (m,) numbers of their characters; those above 6 give any number.
    """
    starts = stops - lengths + 1
    numbers = (chars[starts] & 31).astype(np.int64)
    for place in range(1, min(int(lengths.max()), _LONGEST_NUMBER)):
        longer = np.flatnonzero(lengths > place)
        numbers[longer] |= (chars[starts[longer] + place] & 31).astype(np.int64) << 5 * place
    negative = np.flatnonzero(chars[stops] & 16)
    numbers[negative] -= 1 << 5 * np.minimum(lengths[negative], _LONGEST_NUMBER)
    return numbers


def _undo_differences(numbers: np.ndarray, ends: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return the runs of texts one after the other, and the position of the first run of each text.

    Args:
        numbers: (m,) int64, the numbers that the texts hold.
        ends: Position behind the last number of each text.
    """
    counts = np.diff(ends, prepend=0)
    first = ends - counts
    position = np.arange(len(numbers)) - np.repeat(first, counts)
    # The first number stands alone; the others are two chains of sums, of odd and of even positions.
    is_odd = (position & 1).astype(bool)
    odd = np.where(is_odd, numbers, 0).cumsum()
    even = np.where(is_odd | (position == 0), 0, numbers).cumsum()
    runs = np.where(is_odd, odd - np.repeat(odd[first], counts), even - np.repeat(even[first], counts))
    runs[first] = numbers[first]
    return runs, first


# ------------------------------------------------------------ measures
def mask_areas(masks: Sequence[Rle]) -> np.ndarray:
    """Return the (n,) float64 areas of compressed masks in pixels."""
    blocks = [mask_api.area(masks[i : i + _AREAS_AT_ONCE]) for i in range(0, len(masks), _AREAS_AT_ONCE)]
    return np.concatenate([np.zeros(0), *blocks]).astype(np.float64)


def mask_boxes(masks: Sequence[Rle]) -> np.ndarray:
    """Return the (n, 4) float64 boxes of compressed masks: left, top, width and height in pixels."""
    return mask_api.toBbox(list(masks)).reshape(-1, 4) if len(masks) else np.zeros((0, 4))
