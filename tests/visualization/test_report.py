"""Worst frames, the HTML report, and the two command lines around them."""

import base64
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import List, Optional, Tuple

import numpy as np
import pytest

from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.utils.io import write_png_atomic
from knet.visualization import compare_frame, compare_video, worst_frames, write_report, write_video
from knet.visualization.frames import frame_quality
from knet.visualization.report import Run, clips
from knet.visualization.report.charts import svg_chart
from knet.visualization.report.tables import MEANINGS
from knet.visualization.report.training import read_log
from knet.visualization.video import h264_program

pytestmark = pytest.mark.slow

REPO = Path(__file__).resolve().parents[2]
STQ = dict(
    protocol='official',
    STQ=0.5,
    AQ=0.25,
    SQ=None,
    per_class={'0': dict(name='road', iou=0.9), '13': dict(name='car', iou=None)},
    per_video={'3': dict(STQ=0.5, AQ=0.25, SQ=1.0, frames=4)},
)
VPQ = dict(
    protocol='official',
    VPQ=0.4321,
    k={
        '1': dict(
            VPQ=0.4321,
            VPQ_th=None,
            VPQ_st=0.5,
            windows=4,
            per_class={'13': dict(pq=0.125, sq=1.0, rq=0.5, tp=1, fp=1, fn=1)},
        )
    },
)


def frame(shift: int = 0, car: bool = True) -> Tuple[np.ndarray, np.ndarray]:
    """Sky, road and a car of 20x20 pixels that moves with ``shift``."""
    semantic, instance = np.zeros((48, 96), dtype=np.uint8), np.zeros((48, 96), dtype=np.int32)
    semantic[:20] = 10
    if car:
        semantic[20:40, 10 + shift : 30 + shift], instance[20:40, 10 + shift : 30 + shift] = 13, 300
    return semantic, instance


@pytest.fixture
def run(tmp_path: Path) -> Tuple[Path, Path]:
    """Predictions and ground truth: video 3 is perfect but for frame 2, video 5 misses its car."""
    truth, result = tmp_path / 'gt', tmp_path / 'result'
    with PredictionWriter(result, dict(config='toy.py')) as writer:
        for video in (3, 5):
            for number in range(4):
                semantic, instance = frame(4 * number)
                stem = truth / f'video_sequence/val/{video:06d}_{number:06d}'
                panoptic = np.stack([semantic, instance // 256, instance % 256], axis=-1).astype(np.uint8)
                write_png_atomic(f'{stem}_panoptic.png', panoptic)
                write_png_atomic(f'{stem}_leftImg8bit.png', np.full((48, 96, 3), 90, dtype=np.uint8))
                writer.write(video, number, *frame(4 * number + (6 if number == 2 else 0), car=video == 3))
            writer.finish_video(video, 4)
    return result, truth


class Page(HTMLParser):
    """Checks that tags are closed and gathers the text."""

    void = frozenset({'meta', 'img', 'br', 'source'})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: List[str] = []
        self.words = ''
        self.tags: List[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        self.tags.append(tag)
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attrs:
            assert name != 'src' or value.startswith('data:'), 'the report must not load anything'

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.void or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + '|'


def test_quality_of_a_frame() -> None:
    assert frame_quality(frame(), frame(), KITTI_STEP) == (1.0, 0, 0)
    # car overlaps by half: IoU 1/3, so one missed and one invented; road still matches
    quality, missed, invented = frame_quality(frame(0), frame(10), KITTI_STEP)
    road = 96 * 28 - 400
    assert (missed, invented) == (1, 1)
    assert quality == pytest.approx((1 + (road - 200) / (road + 200)) / 3)
    semantic, instance = frame()
    # crowd, void, and ids of stuff are nobody's fault
    assert frame_quality((semantic, instance * 0), frame(car=False), KITTI_STEP)[1:] == (0, 0)
    assert frame_quality((np.full_like(semantic, 255), instance), frame(), KITTI_STEP) == (1.0, 0, 0)
    assert frame_quality(frame(), (semantic, np.where(semantic == 0, 7, instance)), KITTI_STEP)[0] == 1.0


def test_worst_frames_come_first(run: Tuple[Path, Path]) -> None:
    predictions, truth = PredictionReader(run[0]), KittiStepGroundTruth(run[1])
    worst = worst_frames(predictions, truth, KITTI_STEP, count=3)
    assert [(s.video, s.missed) for s in worst[:2]] == [(5, 1), (5, 1)]
    assert (worst[2].video, worst[2].frame) == (3, 2)


def test_compared_frames(run: Tuple[Path, Path]) -> None:
    predictions, truth = PredictionReader(run[0]), KittiStepGroundTruth(run[1])
    picture = compare_frame(predictions, truth, KITTI_STEP, 3, 0)
    assert picture.shape == (3 * (7 * 48 + 22), 7 * 96, 3)
    clip = list(compare_video(predictions, truth, KITTI_STEP, 3, every=2, max_width=120))
    assert len(clip) == 2 and clip[0].shape[1] == 120
    write_png_atomic(run[1] / 'video_sequence/val/000003_000000_leftImg8bit.png', np.zeros((48, 90, 3), np.uint8))
    with pytest.raises(ValueError, match='96x48.*90x48'):
        compare_frame(predictions, truth, KITTI_STEP, 3, 0)


def test_report_says_everything_and_loads_nothing(tmp_path: Path) -> None:
    log = tmp_path / 'run.log.json'
    lines = [dict(env_info='x', seed=0)]
    lines += [dict(mode='train', epoch=e, iter=i, lr=0.1, loss=9.0 / e, loss_cls=1.0) for e in (1, 2) for i in (5, 10)]
    lines += [dict(mode='val', epoch=2, iter=3, STQ=0.5)]
    log.write_text('\n'.join(json.dumps(line) for line in lines) + '\n{"mode": "tr')
    (tmp_path / 'clip.gif').write_bytes(b'GIF89a')
    write_report(
        tmp_path / 'report.html',
        'A <b>title</b>',
        {'config': '<script>'},
        STQ,
        VPQ,
        log,
        [('worst & first', np.zeros((20, 30, 3), np.uint8))],
        [tmp_path / 'clip.gif'],
        KITTI_STEP,
    )
    text = (tmp_path / 'report.html').read_text(encoding='utf-8')
    page = Page(text)
    assert '<script' not in text and 'http' not in text
    for words in (
        'A <b>title</b>|',
        '50.0|',
        '43.2|',
        '90.0|',
        '12.5|',
        'worst & first|',
        'car|',
        'val/STQ: 0.5|',
        'loss: 4.5|',
        '<script>|',
        'protocol official',
    ):
        assert words in page.words, words
    assert page.tags.count('svg') == 4 and page.tags.count('img') == 2


def test_report_of_almost_nothing(tmp_path: Path) -> None:
    write_report(tmp_path / 'report.html', 'empty', {})
    assert 'table' not in Page((tmp_path / 'report.html').read_text()).tags
    partial = {**STQ, 'skipped': {'frames': 1}}
    write_report(tmp_path / 'report.html', 'partial', {}, stq=partial)
    assert 'Not the whole data set' in Page((tmp_path / 'report.html').read_text()).words


def test_runs_stand_beside_each_other(tmp_path: Path) -> None:
    others = [Run('<b>new</b> ids', {**STQ, 'STQ': 0.75}), Run('third', {**STQ, 'protocol': 'paper-repo'})]
    write_report(tmp_path / 'report.html', 'runs', {}, STQ, VPQ, compared=others, name='first')
    text = (tmp_path / 'report.html').read_text()
    page = Page(text)
    assert '<b>new</b> ids|' in page.words and 'first|' in page.words
    assert re.search('class="best">75.0<', text) and not re.search('class="best">50.0<', text.split('>AQ<')[0])
    assert 'their numbers do not compare (first: official' in page.words
    write_report(tmp_path / 'report.html', 'one', {}, STQ)
    assert 'Comparison' not in Page((tmp_path / 'report.html').read_text()).words


def test_scores_are_explained(tmp_path: Path) -> None:
    write_report(tmp_path / 'report.html', 'scores', {}, STQ, VPQ)
    words = Page((tmp_path / 'report.html').read_text()).words
    assert all(f'{name}|{MEANINGS[name]}|' in words for name in ('STQ', 'AQ', 'SQ', 'VPQ'))


def test_many_rows_are_folded(tmp_path: Path) -> None:
    videos = {str(n): dict(STQ=0.5, AQ=0.5, SQ=0.5, frames=4) for n in range(50)}
    write_report(tmp_path / 'report.html', 'rows', {}, dict(STQ, per_video=videos))
    page = Page((tmp_path / 'report.html').read_text())
    assert '30 more|' in page.words and page.tags.count('details') == 1


def test_clips_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (12, 300, 400, 3), dtype=np.uint8)
    write_video(tmp_path / 'large.gif', iter(noise))
    assert (tmp_path / 'large.gif').stat().st_size > clips.CLIP_BYTES
    (found,) = clips.fitting_clips([tmp_path / 'large.gif'], tmp_path / 'fit')
    assert found.caption == 'large.gif' and found.path.suffix == ('.mp4' if h264_program() else '.gif')
    write_video(tmp_path / 'small.mp4', iter(noise[:2, :40, :60]))
    (found,) = clips.fitting_clips([tmp_path / 'small.mp4'], tmp_path / 'fit')
    assert (found.path == tmp_path / 'small.mp4') is (h264_program() is not None)
    # Without an encoder of H.264 a moving picture is left.
    monkeypatch.setattr(clips, 'h264_program', lambda: None)
    (found,) = clips.fitting_clips([tmp_path / 'large.gif'], tmp_path / 'fit')
    assert found.path.suffix == '.gif' and found.path.stat().st_size <= clips.CLIP_BYTES
    with pytest.raises(FileNotFoundError, match='no such clip'):
        write_report(tmp_path / 'r.html', 'r', {}, clips=clips.fitting_clips([tmp_path / 'none.gif'], tmp_path))


@pytest.mark.skipif(shutil.which('ffprobe') is None or h264_program() is None, reason='no ffprobe, or no encoder')
def test_clips_of_a_report_are_h264(run: Tuple[Path, Path], tmp_path: Path) -> None:
    done = tool('report.py', '--out', tmp_path / 'report.html', '--result', run[0], '--gt', run[1])
    assert done.returncode == 0, done.stderr
    text = (tmp_path / 'report.html').read_text()
    data = re.findall('src="data:video/mp4;base64,([^"]*)"', text)
    assert len(data) == 2 and sum(map(len, data)) <= 2_000_000
    (tmp_path / 'clip.mp4').write_bytes(base64.b64decode(data[0]))
    probe = ['ffprobe', '-v', 'error', '-show_entries', 'stream=codec_name,pix_fmt', '-of', 'csv=p=0']
    told = subprocess.run([*probe, str(tmp_path / 'clip.mp4')], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == 'h264,yuv420p'


def test_log_iterations_run_on(tmp_path: Path) -> None:
    log = tmp_path / 'a.log.json'
    lines = [dict(mode='train', epoch=e, iter=i, loss=1.0) for e in (1, 2) for i in (50, 100)]
    log.write_text('\n'.join(json.dumps(line) for line in lines))
    assert [x for x, _ in read_log(log)['loss']] == [50, 100, 150, 200]
    # iteration-based runs count through
    lines = [dict(mode='train', epoch=1 + i // 60, iter=i, loss=1.0) for i in (50, 100, 150)]
    log.write_text('\n'.join(json.dumps(line) for line in lines))
    assert [x for x, _ in read_log(log)['loss']] == [50, 100, 150]
    with pytest.raises(FileNotFoundError):
        read_log(tmp_path / 'none.json')
    log.write_text('not json\n{}\n')
    with pytest.raises(ValueError, match='line 1'):
        read_log(log)


def test_charts_survive_odd_values() -> None:
    assert svg_chart('flat', [(1, 2.0), (2, 2.0)]).count('polyline') == 1
    assert 'nan' not in svg_chart('x', [(1, float('nan')), (2, float('inf')), (3, 1.0)]).split('</text>', 1)[1]
    assert svg_chart('x', [(1, float('nan'))]) == ''


def tool(name: str, *options: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(REPO / 'tools' / name), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True)


def test_command_lines(run: Tuple[Path, Path], tmp_path: Path) -> None:
    done = tool('visualize.py', *run, '--out', tmp_path / 'out', '--gif', '--mp4', '--worst', 1)
    assert done.returncode == 0, done.stderr
    names = sorted(p.relative_to(tmp_path / 'out').as_posix() for p in (tmp_path / 'out').rglob('*') if p.is_file())
    assert names == ['000003.gif', '000003.mp4', '000005.gif', '000005.mp4', 'worst/000005_000000.png']
    (tmp_path / 'stq.json').write_text(json.dumps(STQ))
    done = tool(
        'report.py',
        '--out',
        tmp_path / 'report.html',
        '--stq',
        tmp_path / 'stq.json',
        '--result',
        run[0],
        '--gt',
        run[1],
        '--clips',
        tmp_path / 'out/000003.gif',
        '--fact',
        'seed=17',
    )
    assert done.returncode == 0, done.stderr
    words = Page((tmp_path / 'report.html').read_text()).words
    assert all(text in words for text in ('toy.py|', '17|', 'video 5, frame 0', '000003.gif|'))


def test_command_lines_name_what_is_wrong(run: Tuple[Path, Path], tmp_path: Path) -> None:
    cases = [
        ('visualize.py', [run[0], run[1], '--out', tmp_path, '--videos', 4], 'videos [4]'),
        ('visualize.py', [run[1], run[1], '--out', tmp_path], 'test_step.py'),
        ('report.py', ['--out', tmp_path / 'r.html', '--stq', tmp_path / 'none.json'], 'no such file of scores'),
        ('report.py', ['--out', tmp_path / 'r.html', '--fact', 'abc'], 'NAME=VALUE'),
        ('report.py', ['--out', tmp_path / 'r.html', '--compare', 'abc'], 'NAME=FOLDER'),
        ('report.py', ['--out', tmp_path / 'r.html', '--compare', f'a={tmp_path}'], '--eval stq vpq'),
    ]
    for name, options, message in cases:
        done = tool(name, *options)
        assert done.returncode == 1 and message in done.stderr and 'Traceback' not in done.stderr, done.stderr
