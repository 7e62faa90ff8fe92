"""The door for masks: all forms are one mask, faults get one clear error, and nothing crashes the C code behind it."""

import json
from typing import Any, Dict, List

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as mask_api

from knet.layouts.coco import encode_mask
from knet.layouts.masks import find_fault, mask_areas, mask_boxes, read_mask, read_masks, sum_of_runs

SIZE = (6, 8)
NAME = 'data/f.json: the mask of annotation 3'
BOX = np.zeros(SIZE, dtype=bool)
BOX[1:4, 2:7] = True
RUNS = [13, 3, 3, 3, 3, 3, 3, 3, 3, 3, 8]
POLYGON = [2.0, 1.0, 7.0, 1.0, 7.0, 4.0, 2.0, 4.0]


def rle(counts: Any, size: Any = SIZE) -> Dict[str, Any]:
    return dict(size=list(size), counts=counts)


@pytest.mark.parametrize('segmentation', [encode_mask(BOX), rle(RUNS), rle(encode_mask(BOX)['counts'].encode())])
def test_all_forms_are_one_mask(segmentation: Any) -> None:
    mask = read_mask(segmentation, SIZE, NAME)
    assert np.array_equal(mask_api.decode(mask), BOX) and isinstance(mask['counts'], bytes)
    assert mask_areas([mask]).tolist() == [15] and mask_boxes([mask]).tolist() == [[2, 1, 5, 3]]


def test_polygons_are_filled_and_clipped_as_coco_does() -> None:
    assert mask_api.decode(read_mask([POLYGON], SIZE, NAME)).sum() == 15
    outside = [[value + 5 for value in POLYGON]]
    expected = mask_api.decode(mask_api.merge(mask_api.frPyObjects(outside, *SIZE)))
    assert np.array_equal(mask_api.decode(read_mask(outside, SIZE, NAME)), expected)


@pytest.mark.parametrize('segmentation', [None, []])
def test_nothing_is_not_visible(segmentation: Any) -> None:
    assert read_mask(segmentation, SIZE, NAME) is None


def test_many_areas_fit() -> None:
    """The areas of more than 255 masks stop pycocotools with numpy 2."""
    assert mask_areas([encode_mask(BOX)] * 600).tolist() == [15] * 600
    assert mask_areas([]).shape == (0,) and mask_boxes([]).shape == (0, 4)


FAULTS: List[Any] = [
    (rle(RUNS, (8, 6)), r'is \(8, 6\), its image \(6, 8\) \(height, width\)'),
    (dict(size='x', counts=RUNS), r"is 'x', its image \(6, 8\)"),
    (rle(RUNS, [6.5, 8]), r'is \(6.5, 8\), its image \(6, 8\)'),
    (rle([13, 5]), r'has run lengths with the sum 18, its image 6 x 8 = 48 pixels'),
    (rle([*RUNS, 10**12]), r'has run lengths with the sum 1000000000048'),
    (rle([10**400]), r'has run lengths with the sum 1'),
    (rle([]), r'has run lengths with the sum 0'),
    (rle([-2, 50]), r'has negative run lengths'),
    (rle([13.0, 35]), r'has run lengths that are no integers'),
    (rle([True, 47]), r'has run lengths that are no integers'),
    (rle([[48]]), r'has run lengths that are no integers'),
    (rle(''), r'has "counts" that are no run lengths'),
    (rle(encode_mask(BOX)['counts'] + 'o'), r'has "counts" that are no run lengths'),
    (rle(encode_mask(BOX)['counts'][:-1]), r'has run lengths with the sum 40'),
    (rle('zz\u00e9'), r'has "counts" that are no run lengths'),
    (rle('ooooooooo0'), r'has "counts" that are no run lengths'),
    (rle('@'), r'has negative run lengths'),
    (rle(None), r'has another form'),
    (dict(counts=RUNS), r'has another form'),
    (7, r'has another form'),
    ('abc', r'has another form'),
    ({}, r'has another form'),
    (POLYGON, r'is a flat list; polygons are lists in a list'),
    ([POLYGON, 7], r'has a polygon that is no list of three points'),
    ([[]], r'has a polygon that is no list of three points'),
    ([[1, 2, 3, 4]], r'has a polygon that is no list of three points'),
    ([[1, 2, 3, 4, 5, 6, 7]], r'has a polygon that is no list of three points'),
    ([[1, 2, 3, 4, 5, float('nan')]], r'something that is no finite number'),
    ([[1, 2, 3, 4, 5, float('-inf')]], r'something that is no finite number'),
    ([[1, 2, 3, 4, 5, None]], r'something that is no finite number'),
    ([[1, 2, 3, 4, 5, '6']], r'something that is no finite number'),
    ([[1, 2, 3, 4, 5, 10**400]], r'something that is no finite number'),
    ([[[1, 2], [3, 4], [5, 6], [7, 8], [1, 1], [2, 2]]], r'something that is no finite number'),
    ([[1, 2, 3, 4, 5, 1e12]], r'polygon from \(1, 2\) to \(5, 1e\+12\) \(x, y\), far outside of its image of 6 x 8'),
    ([[1, 2, -1e12, 4, 5, 6]], r'far outside of its image'),
]


@pytest.mark.parametrize('segmentation, message', FAULTS, ids=[f'{i}' for i in range(len(FAULTS))])
def test_faults_are_named(segmentation: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f'^{NAME} .*{message}'):
        read_mask(segmentation, SIZE, NAME)


def test_the_faulty_one_of_many_is_named() -> None:
    masks = [encode_mask(BOX), None, rle('@'), encode_mask(BOX)]
    assert find_fault(masks, [SIZE] * 4) == (2, 'has negative run lengths. Write the mask again.')
    with pytest.raises(ValueError, match='^mask 2 has negative'):
        read_masks(masks, [SIZE] * 4, lambda number: f'mask {number}')


def test_huge_images_are_refused() -> None:
    """The library counts pixels in 32 bits."""
    with pytest.raises(ValueError, match='pixels large, more than'):
        read_mask(rle([1 << 34], (1 << 17, 1 << 17)), (1 << 17, 1 << 17), NAME)


# ---------------------------------------------------------------- fuzzing
masks = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(0, 999)).map(
    lambda drawn: np.random.RandomState(drawn[2]).rand(*drawn[:2]) < 0.5
)
numbers = st.one_of(
    st.floats(-30, 30),
    st.integers(-20, 60),
    st.floats(),
    st.integers(),
    st.sampled_from([1e12, 10**400, None, '5', []]),
)
polygons = st.lists(st.lists(numbers, max_size=12), max_size=3)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=6,
)


@st.composite
def spoilt_texts(draw: Any) -> str:
    """Return the text of a mask of 6 x 8 pixels with some characters replaced, removed or put in."""
    text = list(encode_mask(np.random.RandomState(draw(st.integers(0, 99))).rand(*SIZE) < 0.4)['counts'])
    for _ in range(draw(st.integers(0, 3))):
        place, char = draw(st.integers(0, len(text))), draw(st.characters(min_codepoint=40, max_codepoint=130))
        text[place : place + draw(st.integers(0, 2))] = [char] * draw(st.integers(0, 2))
    return ''.join(text)


sizes = st.one_of(st.just(list(SIZE)), st.lists(st.integers(0, 9), max_size=3), plain)
rles = st.fixed_dictionaries(
    dict(size=sizes, counts=st.one_of(spoilt_texts(), st.lists(st.integers(-5, 48), max_size=6), st.text(), plain))
)


@settings(max_examples=600, deadline=None)
@given(st.one_of(rles, polygons, plain))
def test_no_segmentation_crashes(segmentation: Any) -> None:
    """Whatever is accepted is a mask of the size of its image; everything else is one error that names it."""
    fault = find_fault([segmentation], [SIZE])
    if fault is not None:
        assert fault[0] == 0 and len(fault[1]) < 400
        with pytest.raises(ValueError, match=f'^{NAME} '):
            read_mask(segmentation, SIZE, NAME)
        return
    mask = read_mask(segmentation, SIZE, NAME)
    if mask is not None:
        decoded = mask_api.decode(mask)
        assert decoded.shape == SIZE and set(np.unique(decoded)) <= {0, 1}
        assert mask_areas([mask]).tolist() == [decoded.sum()]
        json.dumps(dict(mask, counts=mask['counts'].decode()))


@settings(max_examples=200, deadline=None)
@given(st.lists(masks, min_size=1, max_size=6))
def test_runs_are_decoded_as_pycocotools_encodes_them(drawn: List[np.ndarray]) -> None:
    texts = [encode_mask(mask)['counts'].encode() for mask in drawn]
    assert sum_of_runs(texts).tolist() == [mask.size for mask in drawn]


@settings(max_examples=150, deadline=None)
@given(st.lists(spoilt_texts().filter(str.isascii), min_size=1, max_size=5))
def test_texts_are_judged_alike_alone_and_together(texts: List[str]) -> None:
    together = sum_of_runs([text.encode() for text in texts]).tolist()
    assert together == [sum_of_runs([text.encode()])[0] for text in texts]
