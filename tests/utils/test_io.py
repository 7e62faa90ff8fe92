"""Files appear complete or not at all, and damaged ones are named."""

import json

import numpy as np
import pytest

from knet.utils.io import atomic_path, read_png, write_json_atomic, write_png_atomic


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize('channels', [None, 3, 4])
def test_png_round_trip_keeps_values_and_channel_order(tmp_path, dtype, channels):
    shape = (5, 7) if channels is None else (5, 7, channels)
    array = np.random.RandomState(0).randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    path = tmp_path / 'new' / 'map.png'
    write_png_atomic(path, array)
    back = read_png(path)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, array)


def test_png_is_rgb_on_disk(tmp_path):
    from PIL import Image

    array = np.zeros((2, 2, 3), dtype=np.uint8)
    array[..., 0] = 200
    write_png_atomic(tmp_path / 'red.png', array)
    assert Image.open(tmp_path / 'red.png').getpixel((0, 0)) == (200, 0, 0)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='gone.png'):
        read_png(tmp_path / 'gone.png')


def _noise_png(path):
    write_png_atomic(path, np.random.RandomState(0).randint(0, 9, (40, 40)).astype(np.uint8))
    return path.read_bytes()


@pytest.mark.parametrize(
    'damage, message',
    [
        (lambda data: data[: len(data) // 2], 'truncated'),
        (lambda data: data[:-8], 'truncated'),
        (lambda data: data[:100] + bytes([data[100] ^ 0xFF]) + data[101:], 'damaged'),
        (lambda data: b'', 'not a PNG'),
        (lambda data: b'{"json": true}', 'not a PNG'),
    ],
)
def test_damaged_png_is_named(tmp_path, damage, message):
    path = tmp_path / 'bad.png'
    path.write_bytes(damage(_noise_png(tmp_path / 'good.png')))
    with pytest.raises(ValueError, match=f'bad.png.*{message}'):
        read_png(path)


@pytest.mark.parametrize('array', [np.zeros((2, 2), np.int64), np.zeros((2, 2, 2), np.uint8), np.zeros(3, np.uint8)])
def test_what_a_png_cannot_hold_is_refused(tmp_path, array):
    with pytest.raises(ValueError, match='a PNG holds'):
        write_png_atomic(tmp_path / 'x.png', array)
    assert not list(tmp_path.iterdir())


def test_failure_keeps_the_old_file_and_leaves_no_trace(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text('half')
        raise RuntimeError
    assert path.read_text() == 'old'
    assert [p.name for p in tmp_path.iterdir()] == ['a.txt']


def test_temporary_keeps_the_suffix(tmp_path):
    with atomic_path(tmp_path / 'clip.mp4') as temporary:
        assert temporary.suffix == '.mp4'
        temporary.write_bytes(b'x')


def test_json_takes_numpy_and_refuses_nan(tmp_path):
    path = tmp_path / 'a.json'
    write_json_atomic(path, {'a': np.float64(0.1), 'b': np.arange(2), 'c': tmp_path, 'd': np.int64(3)})
    assert json.loads(path.read_text()) == {'a': 0.1, 'b': [0, 1], 'c': str(tmp_path), 'd': 3}
    with pytest.raises(ValueError):
        write_json_atomic(path, {'a': float('nan')})
    with pytest.raises(TypeError, match='set cannot'):
        write_json_atomic(path, {'a': {1}})
    assert json.loads(path.read_text())['a'] == 0.1
