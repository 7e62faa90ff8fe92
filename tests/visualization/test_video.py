"""Clips: their frames, codec and size, and what remains when they cannot be written."""

import re
import resource
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image

from knet.visualization import video, write_video

needs_ffmpeg = pytest.mark.skipif(video.h264_program() is None, reason='no ffmpeg that encodes H.264')


@pytest.fixture(params=['opencv', pytest.param('ffmpeg', marks=needs_ffmpeg)])
def encoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write MP4 with one of the two encoders."""
    if request.param == 'opencv':
        monkeypatch.setattr(video, 'h264_program', lambda: None)
    return request.param


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond some bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_gif_holds_the_frames(tmp_path: Path) -> None:
    frames = [np.full((30, 50, 3), colour, dtype=np.uint8) for colour in ((255, 0, 0), (0, 200, 0), (0, 0, 255))]
    write_video(tmp_path / 'new' / 'clip.gif', iter(frames), fps=4)
    with Image.open(tmp_path / 'new' / 'clip.gif') as clip:
        assert clip.n_frames == 3 and clip.size == (50, 30) and clip.info['duration'] == 250
        for index, frame in enumerate(frames):
            clip.seek(index)
            np.testing.assert_allclose(np.asarray(clip.convert('RGB')), frame, atol=8)


@pytest.mark.usefixtures('encoder')
def test_mp4_holds_the_frames(tmp_path: Path) -> None:
    frames = [np.full((31, 51, 3), 40 * index, dtype=np.uint8) for index in range(5)]
    write_video(tmp_path / 'clip.mp4', frames, fps=10)
    clip = cv2.VideoCapture(str(tmp_path / 'clip.mp4'))
    read = []
    while True:
        good, frame = clip.read()
        if not good:
            break
        read.append(frame)
    assert len(read) == 5 and read[0].shape == (30, 50, 3)
    np.testing.assert_allclose(read[4].mean(), 160, atol=6)


def test_bad_clips_leave_no_file(tmp_path: Path) -> None:
    small, large = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 24, 3), np.uint8)
    for name, frames, fps in (
        ('a.avi', [small], 5),
        ('a.gif', [], 5),
        ('a.mp4', [], 5),
        ('a.gif', [small, large], 5),
        ('a.mp4', [small, large], 5),
        ('a.gif', [small], 0),
    ):
        with pytest.raises(ValueError, match=name):
            write_video(tmp_path / name, frames, fps)
    assert list(tmp_path.iterdir()) == []


def test_missing_encoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, 'h264_program', lambda: None)
    monkeypatch.setattr(cv2.VideoWriter, 'isOpened', lambda self: False, raising=False)
    with pytest.raises(RuntimeError, match=r'\.gif'):
        write_video(tmp_path / 'a.mp4', [np.zeros((20, 20, 3), np.uint8)])
    assert list(tmp_path.iterdir()) == []


def noise(count: int) -> Iterator[np.ndarray]:
    random = np.random.RandomState(0)
    return (random.randint(0, 256, (96, 128, 3)).astype(np.uint8) for _ in range(count))


@pytest.mark.usefixtures('encoder')
@pytest.mark.parametrize('suffix', ['.mp4', '.gif'])
def test_a_full_disk_is_no_clip(tmp_path: Path, suffix: str) -> None:
    with full_disk(20_000), pytest.raises((OSError, RuntimeError), match=r'incomplete|too large'):
        write_video(tmp_path / f'a{suffix}', noise(12))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures('encoder')
def test_a_clip_cut_short_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = video._check_mp4

    def cut_first(path: Path, count: int) -> None:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        check(path, count)

    monkeypatch.setattr(video, '_check_mp4', cut_first)
    with pytest.raises(RuntimeError, match='incomplete.*of 12 frames'):
        write_video(tmp_path / 'a.mp4', noise(12))
    assert list(tmp_path.iterdir()) == []


def test_no_space_has_its_remedy(tmp_path: Path) -> None:
    error = video._failure(tmp_path / 'a.mp4', 'av_interleaved_write_frame(): No space left on device')
    assert isinstance(error, OSError) and error.filename == str(tmp_path / 'a.mp4')


@pytest.mark.usefixtures('encoder')
def test_an_error_of_the_frames_is_the_error_of_the_clip(tmp_path: Path) -> None:
    def frames() -> Iterator[np.ndarray]:
        yield from noise(3)
        raise KeyError('lost')

    with pytest.raises(KeyError, match='lost'):
        write_video(tmp_path / 'a.mp4', frames())
    assert list(tmp_path.iterdir()) == []


def test_mpeg4_is_announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(video, 'h264_program', lambda: None)
    write_video(tmp_path / 'a.mp4', noise(2))
    assert 'imageio-ffmpeg' in caplog.text


@needs_ffmpeg
def test_browsers_play_the_mp4(tmp_path: Path) -> None:
    write_video(tmp_path / 'a.mp4', noise(5), fps=12.5)
    told = subprocess.run(
        [str(video.h264_program()), '-hide_banner', '-i', str(tmp_path / 'a.mp4')], capture_output=True, text=True
    ).stderr
    # All three notes of BT.709 are one word.
    assert 'Video: h264' in told and re.search(r'yuv420p\(tv, bt709[,)]', told) and '12.50 fps' in told, told
    data = (tmp_path / 'a.mp4').read_bytes()
    assert data.index(b'moov') < data.index(b'mdat')


@needs_ffmpeg
def test_colours_survive_h264(tmp_path: Path) -> None:
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:, :32], frame[:, 32:64], frame[:, 64:] = (220, 30, 30), (30, 200, 30), (30, 30, 220)
    write_video(tmp_path / 'a.mp4', [frame] * 3)
    program = [str(video.h264_program()), '-loglevel', 'error', '-i', str(tmp_path / 'a.mp4')]
    raw = subprocess.run([*program, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], capture_output=True).stdout
    back = np.frombuffer(raw, np.uint8).reshape(3, 64, 96, 3)[1]
    for left in (8, 40, 72):
        np.testing.assert_allclose(back[20, left + 4], frame[20, left + 4], atol=6)
