"""Names of files: their order, and lists of them that may hold anything."""

from pathlib import Path
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.layouts.files import natural_key, read_video_list, write_video_list
from knet.utils.io import read_text

NAMES = ['', '.', '1', '01', '1a', 'a', 'a1', 'a01', 'a1b', 'a10', 'a2.5', 'a2', '_9', '9_']


@given(st.permutations(NAMES))
def test_the_natural_order_does_not_depend_on_the_listing(names: List[str]) -> None:
    assert sorted(names, key=natural_key) == sorted(NAMES, key=natural_key)


@given(st.lists(st.integers(0, 99_999), unique=True))
def test_numbers_count_by_value_with_and_without_zeros(numbers: List[int]) -> None:
    plain = [f'frame{number}' for number in numbers]
    assert sorted(plain, key=natural_key) == [f'frame{number}' for number in sorted(numbers)]
    padded = [f'{number:08d}' for number in numbers]
    assert sorted(padded, key=natural_key) == sorted(padded)


@settings(max_examples=600, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=30).map(lambda text: text.encode('utf-8', 'surrogatepass')),
        st.lists(
            st.sampled_from(['a', 'b', 'a/b', '..', '.', '/', '\\', '\ufeff', '\0', ' ', 'ä', '\u2028']), max_size=5
        ).map(lambda parts: '\r\n'.join(parts).encode('utf-16')),
    )
)
def test_any_list_of_videos_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / 'any.txt'
    path.write_bytes(content)
    try:
        names = read_video_list(path.parent, 'any')
    except ValueError as error:
        names, fault = ['refused'], str(error)
    else:
        fault = str(path)
    assert fault.startswith(str(path))
    assert names and len(set(names)) == len(names)
    inside = Path('data')
    for name in names:
        assert name == name.strip() and '\0' not in name and inside in (inside / name).parents


def test_a_written_list_is_read(tmp_path: Path) -> None:
    write_video_list(tmp_path, 'val', ['b', 'a/c', 'ä'])
    assert read_video_list(tmp_path, 'val') == ['b', 'a/c', 'ä']
    assert read_text(tmp_path / 'val.txt') == 'b\na/c\nä\n'
