"""Testing whole videos from the command line: files, resuming, several processes, drawing, validation."""

import json
import pickle
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any, List, Tuple

import cv2
import numpy as np
import pytest
import torch

from knet.apis import build_data, load_config
from knet.apis.clips import open_video_store, predict_videos
from knet.labels import YOUTUBE_VIS_2019
from knet.visualization import draw_tracks, track_colour
from tests.tools.conftest import ENVIRONMENT, ROOT, call, command
from tests.tools.test_launchers import SHELLS, stand_ins, words  # noqa: F401  the fixture is used by its name
from tests.vis.conftest import run_tool
from tests.vis.fakes import FakeClipModel
from tests.vis.vis_mini import SIZE, official, perfect

pytestmark = pytest.mark.slow

TEST = '../tools_vis/test_whole_video.py'
EVAL = '../tools_vis/eval_vis.py'
Files = Tuple[Path, Path]


def fine(*args: Any) -> str:
    """Return the output of a tool that must succeed."""
    code, out, err = call(*args)
    assert code == 0, err
    return out


@pytest.fixture
def model_files(fake_config: Path, fake_weights: Path) -> Files:
    """Return config and checkpoint of the fake clip model."""
    return fake_config, fake_weights


def test_frames_come_in_chunks_and_videos_in_order(fake_config: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr('knet.apis.clips.CHUNK', 2)
    dataset = build_data(load_config(str(fake_config)), 'test')
    results = {}
    for workers in (0, 1):
        model = FakeClipModel().eval()
        store = open_video_store(tmp_path / str(workers), {})
        results[workers] = predict_videos(model, dataset, store, workers=workers, show_progress=False)
        assert sorted(model.chunks) == [[1], [2, 1], [2, 2, 2]]
    monkeypatch.setattr('knet.apis.clips.CHUNK', 100)
    whole = predict_videos(
        FakeClipModel().eval(), dataset, open_video_store(tmp_path / 'whole', {}), workers=0, show_progress=False
    )
    assert results[0] == results[1] == whole
    assert [
        [(r['video_id'], r['category_id'], r['score'], len(r['segmentations'])) for r in video] for video in whole
    ] == [[(v, 1, 0.5, n), (v, 6, 0.75, n)] for v, n in ((3, 3), (8, 1), (9, 6))]


def test_a_model_that_stops_early_does_not_shift_the_next_video(
    fake_config: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    class Lazy(FakeClipModel):
        def predict_video(self, chunks: Any, img_meta: Any) -> Any:
            seen.append(img_meta['video_id'])
            return super().predict_video([next(iter(chunks))], img_meta)

    monkeypatch.setattr('knet.apis.clips.CHUNK', 1)
    seen: List[int] = []
    dataset = build_data(load_config(str(fake_config)), 'test')
    predict_videos(Lazy().eval(), dataset, open_video_store(tmp_path, {}), workers=0, show_progress=False)
    assert sorted(seen) == [3, 8, 9]


def test_format_only_writes_here_and_there(model_files: Files, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    text = fine(TEST, *model_files, '--format-only', '--out-dir', tmp_path / 'there', '--out', tmp_path / 'all.pkl')
    assert '6 tracks in 3 of 3 videos' in text
    for name in ('results.json', 'submission_file.zip'):
        assert (tmp_path / 'here' / name).read_bytes() == (tmp_path / 'there' / name).read_bytes()
    records = json.loads((tmp_path / 'here' / 'results.json').read_text())
    assert [list(record) for record in records] == [['video_id', 'score', 'category_id', 'segmentations']] * 6
    assert [record['video_id'] for record in records] == [3, 3, 8, 8, 9, 9]
    with zipfile.ZipFile(tmp_path / 'there' / 'submission_file.zip') as archive:
        assert archive.namelist() == ['results.json']
    assert [record for video in pickle.loads((tmp_path / 'all.pkl').read_bytes()) for record in video] == records


def test_a_killed_run_continues(model_files: Files, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    fine(TEST, *model_files, '--format-only', '--out-dir', tmp_path / 'whole')
    args, videos = (TEST, *model_files, '--format-only', '--out-dir', tmp_path / 'out'), tmp_path / 'out' / 'videos'
    process = subprocess.Popen(
        command(*args),
        env=dict(ENVIRONMENT, FAKE_SECONDS='1'),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.time() + 120
    while not list(videos.glob('[0-9]*.json')) and process.poll() is None and time.time() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_ino for path in videos.glob('[0-9]*.json')}
    assert 0 < len(before) < 3 and not (tmp_path / 'out' / 'results.json').exists(), 'not killed in the middle'
    fine(*args)
    assert all(path.stat().st_ino == number for path, number in before.items()), 'a finished video was done again'
    for name in ('results.json', 'submission_file.zip'):
        assert (tmp_path / 'out' / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()


def test_only_missing_videos_are_done_again(model_files: Files, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    args = (TEST, *model_files, '--format-only', '--out-dir', tmp_path)
    fine(*args)
    wanted = (tmp_path / 'results.json').read_bytes()
    (tmp_path / 'videos' / '8.json').unlink()
    marker = json.loads((tmp_path / 'videos' / '3.json').read_text())
    marker['tracks'] = []  # shows that the file is used
    (tmp_path / 'videos' / '3.json').write_text(json.dumps(marker))
    text = fine(*args)
    assert '4 tracks in 2 of 3 videos' in text
    fine(*args, '--fresh')
    assert (tmp_path / 'results.json').read_bytes() == wanted
    code, _, err = call(*args, '--cfg-options', 'data.test.img_prefix=train/JPEGImages')
    assert code == 1 and 'results of another run' in err and '--fresh' in err


def test_two_processes_write_the_same_bytes(model_files: Files, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    fine(TEST, *model_files, '--format-only', '--out-dir', tmp_path / 'one')
    run_tool(
        'tools_vis/dist_test_whole_video.sh',
        *model_files,
        2,
        '--format-only',
        '--out-dir',
        tmp_path / 'two',
        cwd=tmp_path,
        shell='sh',
    )
    for name in ('results.json', 'submission_file.zip', 'videos/3.json', 'videos/8.json', 'videos/9.json'):
        assert (tmp_path / 'one' / name).read_bytes() == (tmp_path / 'two' / name).read_bytes(), name


def test_scores_and_drawings(model_files: Files, tmp_path: Path) -> None:
    text = fine(
        TEST,
        *model_files,
        '--eval',
        'segm',
        '--json',
        tmp_path / 'scores.json',
        '--show-dir',
        tmp_path / 'show',
        '--out-dir',
        tmp_path / 'out',
    )
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert 0 <= scores['AP'] <= 1 and 'sedan' in text and 'AR100' in text
    assert not (tmp_path / 'out' / 'results.json').exists()
    assert sorted(path.name for path in (tmp_path / 'show').iterdir()) == ['v03.mp4', 'v08.mp4', 'v09.mp4']
    clip = cv2.VideoCapture(str(tmp_path / 'show' / 'v09.mp4'))
    assert clip.get(cv2.CAP_PROP_FRAME_COUNT) == 6 and clip.get(cv2.CAP_PROP_FRAME_WIDTH) == 640


def test_tracks_keep_their_colour(tmp_path: Path) -> None:
    frames = [np.full((*SIZE, 3), 128, dtype=np.uint8)] * 3
    records = [record for record in perfect() if record['video_id'] == 3]
    records[0]['score'], records[1]['score'] = 0.4, 0.8
    drawn = list(draw_tracks(frames, records, YOUTUBE_VIS_2019))
    assert drawn[0].shape == (480, 640, 3)
    # The sedan is the best track and has the first colour in all frames, the person the second and is not in the third.
    sedan = [picture[390, 330].astype(int) for picture in drawn]
    person = [picture[50, 110].astype(int) for picture in drawn]
    assert all(np.array_equal(colour, sedan[0]) for colour in sedan)
    assert np.abs(sedan[0] - track_colour(1)).sum() < np.abs(sedan[0] - track_colour(2)).sum()
    assert np.abs(person[0] - track_colour(2)).sum() < np.abs(person[0] - track_colour(1)).sum()
    assert person[2].tolist() == [128] * 3
    nothing = list(draw_tracks(frames, records, YOUTUBE_VIS_2019, score_thr=0.9))
    assert (nothing[0] == 128).all()


@pytest.mark.parametrize(
    'args, message',
    [
        ([], 'nothing to do'),
        (['--eval', 'segm', '--format-only'], 'leave out --eval or --format-only'),
        (['--json', 'x.json', '--format-only'], '--json needs --eval'),
        (['--out', 'folder'], '--out takes a .pkl file'),
        (['--eval', 'bbox'], "unknown metric 'bbox'"),
        (['--eval', 'segm', '--cfg-options', 'data.test.ann_file=test.json'], 'no such annotation file'),
        (['--eval', 'segm', '--cfg-options', 'data.test.dataset_version=2021'], 'are not those of the label space'),
    ],
)
def test_bad_command_lines(model_files: Files, tmp_path: Path, args: List[str], message: str) -> None:
    code, _, err = call(TEST, *model_files, '--out-dir', tmp_path / 'out', *args)
    assert code == 1 and message in err and 'Traceback' not in err
    assert not list(tmp_path.iterdir())


def test_eval_command(tmp_path: Path) -> None:
    (tmp_path / 'gt.json').write_text(json.dumps(official()))
    (tmp_path / 'valid.json').write_text(json.dumps(official(annotated=False)))
    (tmp_path / 'r.json').write_text(json.dumps(perfect()))
    text = fine(EVAL, tmp_path / 'r.json', tmp_path / 'gt.json', '--json', tmp_path / 's.json')
    scores = json.loads((tmp_path / 's.json').read_text())
    assert scores['AP'] == 1.0 and scores['classes']['person']['AP50'] == 1.0 and '100.00' in text
    fine(EVAL, tmp_path / 'r.json', tmp_path / 'gt.json', '--json', tmp_path / 'two.json', '--nproc', 2)
    assert (tmp_path / 'two.json').read_bytes() == (tmp_path / 's.json').read_bytes()
    text = fine(EVAL, tmp_path / 'r.json', tmp_path / 'valid.json', '--validate')
    assert 'fits' in text and '3 tracks in 2 of 3 videos' in text
    (tmp_path / 'bad.json').write_text(json.dumps([dict(perfect()[0], segmentations=[])]))
    for args, message in (
        ((tmp_path / 'r.json', tmp_path / 'valid.json'), 'has no annotations to compare with'),
        ((tmp_path / 'bad.json', tmp_path / 'gt.json', '--validate'), 'has 0 masks'),
        ((tmp_path / 'none.json', tmp_path / 'gt.json'), 'no such results file'),
    ):
        code, _, err = call(EVAL, *args)
        assert code == 1 and message in err and 'Traceback' not in err


def test_validation_while_training(fake_config: Path, tmp_path: Path) -> None:
    fine('train.py', fake_config, '--work-dir', tmp_path, '--seed', 0)
    lines = [json.loads(line) for path in tmp_path.glob('*.log.json') for line in path.read_text().splitlines()]
    scored = [line for line in lines if line.get('mode') == 'val']
    assert len(scored) == 1 and 0 <= scored[0]['AP'] <= 1 and {'AP50', 'AR10'} <= set(scored[0])
    best = list(tmp_path.glob('best_AP_*.pth'))
    assert len(best) == 1 and 'scale' in torch.load(str(best[0]), weights_only=True)['state_dict']


@pytest.mark.parametrize('shell', SHELLS)
def test_launcher_forms(stand_ins: Path, shell: str) -> None:  # noqa: F811
    script = '../tools_vis/dist_test_whole_video.sh'
    code, found, error = words(stand_ins, shell, script, 'c.py', 'w.pth', '2', '--format-only')
    assert code == 0, error
    assert '--nproc_per_node=2' in found and found[-4:] == ['w.pth', '--format-only', '--launcher', 'pytorch']
    assert Path(found[-6]).name == 'test_whole_video.py' and Path(found[-6]).exists()
    code, found, error = words(stand_ins, shell, script, 'part', 'job', 'c.py', 'w dir', '--format-only')
    assert code == 0, error
    assert found[:4] == ['srun', '-p', 'part', '--job-name=job'] and '--ntasks=8' in found
    assert found[-5:] == ['c.py', 'w dir', '--format-only', '--launcher', 'slurm']
    for args in ((), ('c.py',), ('part', 'job', 'c.py')):
        code, _, error = words(stand_ins, shell, script, *args)
        assert code == 2 and error.startswith('error: ')


def test_dash_reads_the_launcher() -> None:
    if shutil.which('dash'):
        path = ROOT / 'tools_vis' / 'dist_test_whole_video.sh'
        assert subprocess.run(['dash', '-n', str(path)]).returncode == 0
