"""Names from data never lead out of a folder, and pictures are measured before they are unpacked."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knet.utils.limits import MAX_PIXELS, check_picture, picture_size
from knet.utils.paths import below, check_argument, check_targets, printable

NAMES = st.one_of(
    st.text(st.characters(), max_size=12),
    st.lists(st.sampled_from(['..', '.', '', 'a', 'b c', '~', '\n', '\0', '\udcff', 'ä']), max_size=5).map('/'.join),
)


@given(NAMES)
@example('/a')
@example('a/../../b')
@example('')
@example('.')
@example(' ')
def test_a_name_stays_below_its_folder_or_is_named(name: str) -> None:
    try:
        path = below('folder', name, 'list.txt')
    except ValueError as error:
        text = str(error)
    else:
        text = ''
        assert os.path.normpath(path).startswith('folder/')
        str(path).encode()
        assert Path(path) == Path('folder', name)
    assert not text or (text.startswith('list.txt: the name ') and text.isprintable() and text.encode())


@pytest.mark.parametrize('name', ['a.jpg', 'a/b c.png', 'ä-ö.jpg', '..a', 'a..b/c', '~x', 'a:b', 'a\\b'])
def test_usual_names_pass(name: str) -> None:
    assert below('out', name, 'x.json') == Path('out') / name


def test_two_names_never_become_one_file() -> None:
    check_targets(['a/1.jpg', 'b/1.jpg', '2.jpg'], 'x.json')
    with pytest.raises(ValueError, match=r"x\.json: 'a/1\.jpg' and 'a//1\.png' would be written to one file"):
        check_targets(['a/1.jpg', 'a//1.png'], 'x.json')


@given(st.text(st.characters()))
def test_everything_can_be_printed(text: str) -> None:
    printable(text).encode()
    assert '\n' not in printable(text)


def test_arguments_are_text() -> None:
    check_argument('--out=ä b')
    with pytest.raises(ValueError, match=r'argument "a\\udcff"'):
        check_argument(os.fsdecode(b'a\xff'))


@pytest.mark.parametrize('suffix', ['.png', '.jpg'])
@pytest.mark.parametrize('size', [(1, 1), (3, 70), (300, 2)])
def test_the_size_stands_in_the_header(suffix: str, size: tuple) -> None:
    data = cv2.imencode(suffix, np.zeros((*size, 3), np.uint8))[1].tobytes()
    assert picture_size(data) == size[::-1]
    check_picture(data, 'x')


def test_a_progressive_jpeg_has_a_size() -> None:
    data = cv2.imencode('.jpg', np.zeros((5, 9, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert picture_size(data) == (9, 5)


@given(
    st.binary(max_size=60),
    st.sampled_from([b'\x89PNG\r\n\x1a\n', b'\xff\xd8', b'\xff\xd8\xff\xe0\x00\x02\xff\xc0', b'']),
)
def test_any_content_is_measured_or_passes(data: bytes, start: bytes) -> None:
    size = picture_size(start + data)
    assert size is None or min(size) >= 0
    try:
        check_picture(start + data, 'x')
    except ValueError:
        assert size is not None and size[0] * size[1] > MAX_PIXELS
