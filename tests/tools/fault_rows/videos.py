"""Faults of video files, of where a result goes, and of what is asked of a demo."""

import json
from pathlib import Path
from typing import Any, List

import cv2
import numpy as np

from knet.apis.sources import open_source
from knet.visualization import write_video
from tests.tools.world import World
from tests.visualization.test_video import full_disk, noise

from .row import Row

_FRAMES = 30


def _film(path: Path, count: int = _FRAMES) -> Path:
    """Write a video of 96x64 pixels whose header tells the number of its frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10, (96, 64))
    for frame in noise(count):
        writer.write(cv2.resize(frame, (96, 64)))
    writer.release()
    return path


def _short_film(w: World) -> Path:
    path = _film(w.tmp / 'film.avi')
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def _holed_film(w: World) -> Path:
    path = _film(w.tmp / 'film.avi')
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : 2 * third] = bytes(third)
    path.write_bytes(bytes(data))
    return path


def _mp4_without_end(w: World) -> Path:
    write_video(w.tmp / 'whole.mp4', noise(3))
    data = (w.tmp / 'whole.mp4').read_bytes()
    # Wherever the index stands, it is lost.
    (w.tmp / 'film.mp4').write_bytes(data.replace(b'moov', b'wxyz'))
    return w.tmp / 'film.mp4'


def _demo(w: World, source: Any, *args: Any) -> List[Any]:
    return ['demo_video.py', source, w.config, w.trained, *(args or ('--out-dir', w.tmp / 'out'))]


def _gif(w: World) -> List[Any]:
    return ['--out', w.tmp / 'out/x.gif']


def _kept(w: World, text: str) -> None:
    """Assert that the frames before the fault are stored and drawn, and that the video does not count as done."""
    stored = sorted((w.tmp / 'out/panoptic/0').glob('*_ins.png'))
    drawn = [frame.shape for frame in open_source(str(w.tmp / 'out/x.mp4'))]
    assert 5 <= len(stored) == len(drawn) < _FRAMES - 2 and len(set(drawn)) == 1
    assert json.loads((w.tmp / 'out/manifest.json').read_text())['videos'] == {}
    assert f'only {len(stored)} of its {_FRAMES} frames' in text


def _whole(w: World, text: str) -> None:
    assert json.loads((w.tmp / 'out/manifest.json').read_text())['videos'] == {'0': 3}
    assert '3 frames: ' in text and 'on cpu' in text


def _over_itself(w: World) -> List[Any]:
    write_video(w.tmp / 'film.mp4', noise(3))
    (w.tmp / 'sub').mkdir()
    return _demo(w, w.tmp / 'film.mp4', '--out', w.tmp / 'sub/../film.mp4')


def _other_run(w: World) -> List[Any]:
    (w.tmp / 'out').mkdir()
    (w.tmp / 'out/manifest.json').write_text(json.dumps(dict(meta=dict(source='other.mp4'), videos={})))
    return _demo(w, _film(w.tmp / 'film.avi', 2))


def _on_full_disk(w: World) -> Any:
    def run() -> None:
        with full_disk(20_000):
            write_video(w.tmp / 'out/x.mp4', noise(12))

    return run


def _only(names: set) -> Any:
    """Return the check that stored classes are among some dataset ids and void."""

    def check(w: World, _: str) -> None:
        for path in (w.tmp / 'out/panoptic/0').glob('*_cat.png'):
            assert set(np.unique(cv2.imread(str(path), cv2.IMREAD_UNCHANGED))) <= names

    return check


def _no_password(w: World, text: str) -> None:
    assert 'secret' not in text.split('error: ')[1]


ROWS = [
    Row('a whole video', lambda w: _demo(w, _film(w.tmp / 'film.avi', 3)), expect=_whole),
    Row(
        'a video that is cut short',
        lambda w: _demo(w, _short_film(w), '--out', w.tmp / 'out/x.mp4', '--out-dir', w.tmp / 'out'),
        error=r'film.avi: only 1\d of its 30 frames',
        expect=_kept,
    ),
    Row(
        'a video with a hole',
        lambda w: _demo(w, _holed_film(w), '--out', w.tmp / 'out/x.mp4', '--out-dir', w.tmp / 'out'),
        error=r'film.avi: only \d+ of its 30 frames',
        expect=_kept,
    ),
    Row('a video without index', lambda w: _demo(w, _mp4_without_end(w)), error='film.mp4: cannot be opened'),
    Row('a text called .mp4', lambda w: _demo(w, w.file('film.mp4', 'x')), error='film.mp4: cannot be opened'),
    Row('no video', lambda w: _demo(w, w.tmp / 'none.mp4'), error='none.mp4: no such folder, video'),
    Row('a camera that is not there', lambda w: _demo(w, '97'), error='camera 97: cannot be opened'),
    Row(
        'a stream that is not there',
        lambda w: _demo(w, 'rtsp://user:secret@127.0.0.1:9/x'),
        error='rtsp://127.0.0.1:9/x: cannot be opened',
        expect=_no_password,
    ),
    Row('a result that would replace its source', _over_itself, error='is the source itself'),
    Row(
        'a result of an unknown kind',
        lambda w: _demo(w, _film(w.tmp / 'film.avi', 2), '--out', w.tmp / 'out/x.avi'),
        error='written as .mp4 or .gif',
    ),
    Row('a demo without result', lambda w: _demo(w, w.tmp, '--alpha', 1), error='nothing to do'),
    Row('a demo of no frames', lambda w: _demo(w, w.tmp, '--max-frames', 0, *_gif(w)), error='--max-frames must be'),
    Row('an opacity above one', lambda w: _demo(w, w.tmp, '--alpha', 2, *_gif(w)), error='--alpha must lie in 0..1'),
    Row('a frame rate of zero', lambda w: _demo(w, w.tmp, '--fps', 0, *_gif(w)), error='--fps must lie'),
    Row(
        'a class that is misspelt',
        lambda w: _demo(w, _film(w.tmp / 'film.avi', 2), *_gif(w), '--classes', 'cars'),
        error="no class 'cars'; did you mean 'car'",
    ),
    Row(
        'a demo of two classes',
        lambda w: _demo(w, _film(w.tmp / 'film.avi', 2), '--out-dir', w.tmp / 'out', '--classes', 'Road', 'car'),
        expect=_only({0, 13, 255}),
    ),
    Row('the folder of another run', _other_run, error='holds results of another run'),
    Row('a clip on a full disk', _on_full_disk, error=r'incomplete|No space'),
]
