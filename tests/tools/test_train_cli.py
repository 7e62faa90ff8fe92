"""tools/train.py and tools/test_step.py end to end on a toy street."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Dict, List

import pytest
import torch

from .conftest import ENVIRONMENT, call, command, files_of, launch, run

pytestmark = pytest.mark.slow


def losses(work_dir: Path) -> List[float]:
    """Losses of the logged steps."""
    log = next(work_dir.glob('*.log.json')).read_text().splitlines()
    return [line['loss'] for line in map(json.loads, log) if line.get('mode') == 'train']


def weights(path: Path) -> Dict[str, torch.Tensor]:
    """State dict of a checkpoint."""
    return torch.load(str(path), map_location='cpu')['state_dict']


def test_training_leaves_what_a_reader_expects(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    assert {'epoch_1.pth', 'epoch_2.pth', 'latest.pth', 'tiny_street.py'} <= names
    assert len(losses(trained)) == 8
    scores = [
        json.loads(line)
        for path in trained.glob('*.log.json')
        for line in path.read_text().splitlines()
        if '"val"' in line
    ]
    assert len(scores) == 2 and 0 <= scores[1]['STQ'] <= 1 and 0 <= scores[1]['VPQ'] <= 1
    assert os.readlink(str(trained / 'latest.pth')) == 'epoch_2.pth'


def test_killed_training_resumes_to_the_same_weights(toy_config: Path, trained: Path, tmp_path: Path) -> None:
    args = [
        'train.py',
        toy_config,
        '--work-dir',
        tmp_path,
        '--seed',
        5,
        '--no-validate',
        '--cfg-options',
        'checkpoint_config.by_epoch=False',
        'checkpoint_config.interval=3',
    ]
    process = subprocess.Popen(command(*args), env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.time() + 120
    while not (tmp_path / 'iter_3.pth').exists() and process.poll() is None and time.time() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / 'iter_8.pth').exists(), 'finished before it was killed'
    run(*args[:6], '--auto-resume', *args[6:])
    whole, resumed = weights(trained / 'latest.pth'), weights(tmp_path / 'latest.pth')
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_two_processes_start_with_the_loss_of_one(toy_config: Path, trained: Path, tmp_path: Path) -> None:
    launch(
        'dist_train.sh',
        'job',
        toy_config,
        2,
        tmp_path,
        '--seed',
        5,
        '--cfg-options',
        'data.samples_per_gpu=1',
        'runner.max_epochs=1',
    )
    assert losses(tmp_path)[0] == pytest.approx(losses(trained)[0], rel=1e-4)
    assert (tmp_path / 'epoch_1.pth').is_file()


def test_streaming_test_writes_scores_and_draws(predicted: Path) -> None:
    assert len(files_of(predicted, '*_cat.png')) == len(files_of(predicted, '*_ins.png')) == 12
    assert len(files_of(predicted / 'overlay', '*.jpg')) == len(files_of(predicted / 'final')) == 12
    score = json.loads((predicted / 'stq.json').read_text())
    assert 0 <= score['STQ'] <= 1 and len(score['per_video']) == 3
    assert 0 <= json.loads((predicted / 'vpq.json').read_text())['VPQ'] <= 1


def test_complete_videos_are_kept(toy_config: Path, trained: Path, predicted: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    shutil.copytree(str(predicted), str(out))
    lost = sorted((out / 'panoptic').iterdir())[1]
    next(lost.glob('*_ins.png')).unlink()
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*_cat.png')}
    code, text, err = call('test_step.py', toy_config, trained, '--out-dir', out, '--final', '--eval', 'dummy')
    assert code == 0 and 'computes nothing' in err and not text
    changed = {path.parent for path, stamp in before.items() if path.stat().st_mtime_ns != stamp}
    assert changed == {lost}
    assert files_of(out) == files_of(predicted)


def test_demo_writes_a_clip(toy_config: Path, trained: Path, street: Path, tmp_path: Path) -> None:
    frames = tmp_path / 'frames'
    frames.mkdir()
    for path in sorted((street / 'video_sequence/val').glob('*_leftImg8bit.png'))[:3]:
        (frames / path.name).symlink_to(path)
    code, _, err = call('demo_video.py', frames, toy_config, trained, '--out', tmp_path / 'clip.gif')
    assert code == 0, err
    assert (tmp_path / 'clip.gif').read_bytes()[:3] == b'GIF'
