"""Bad input to the command lines: one clear error that names the thing and the remedy, nothing half-written.

Every row of :data:`CASES` is one command. The launchers' rows are in
``test_launchers.py``, the preparation tools' in their own tests.
"""

import errno
import re
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
import torch

from .conftest import call, files_of
from .world import FRAME, World, change, cut, every, paint, used

pytestmark = pytest.mark.slow


def work_dir_of_another_config(world: World) -> List[Any]:
    """A training that would continue one of a narrower network."""
    shutil.copytree(str(world.trained), str(world.tmp / 'work'), symlinks=True)
    return world.train('--auto-resume', '--no-validate', '--cfg-options', 'model.track_head.fc_out_channels=24')


class Evil:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple:
        return (print, ('boo',))


IMAGE, MASK, CAT = f'{FRAME}_leftImg8bit.png', f'{FRAME}_panoptic.png', f'{FRAME}_cat.png'

#: Name -> (command of a world, pattern of the error).
CASES: Dict[str, Tuple[Callable[[World], List[Any]], str]] = {
    # Configs and options.
    'config missing': (
        lambda w: ['train.py', w.config.with_name('tiny_stret.py')],
        'config not found: .*did you mean .*tiny_street.py',
    ),
    'config with a syntax error': (lambda w: ['train.py', w.file('c.py', 'model = dict(')], 'c.py cannot be read: Syn'),
    'base of a config missing': (lambda w: ['train.py', w.file('c.py', "_base_ = './absent.py'")], 'c.py.*absent.py'),
    'part of a config': (
        lambda w: ['test_step.py', w.file('c.py', 'log_level = "INFO"'), w.trained],
        'c.py has no data.test',
    ),
    'unknown type': (
        lambda w: w.train('--cfg-options', 'model.type=VideoKNetQuansiEmbedFCJoinTrain'),
        'did you mean VideoKNetQuansiEmbedFCJointTrain',
    ),
    'unknown argument of a type': (lambda w: w.train('--cfg-options', 'model.colour=red'), 'model.*colour'),
    'misspelt key': (
        lambda w: w.train('--cfg-options', 'data.smaples_per_gpu=1'),
        'unknown key; did you mean data.samples_per_gpu',
    ),
    'word for a number': (lambda w: w.train('--cfg-options', 'data.samples_per_gpu=two'), 'samples_per_gpu=two: .*num'),
    'word for a group': (lambda w: w.train('--cfg-options', 'optimizer=AdamW'), 'optimizer=AdamW: .*group of settings'),
    'entry beyond a list': (lambda w: w.train('--cfg-options', 'data.test.pipeline.9.type=X'), 'pipeline is a list of'),
    'key below a value': (lambda w: w.train('--cfg-options', 'log_level.a=1'), "log_level is 'INFO' in the config"),
    'no key': (lambda w: w.train('--cfg-options', 'samples'), 'KEY=VALUE'),
    'both spellings': (lambda w: w.train('--options', 'a=1', '--cfg-options', 'a=1'), 'give only one of them'),
    'no workers': (lambda w: w.train('--cfg-options', 'data.samples_per_gpu=0'), 'samples_per_gpu'),
    'several gpus': (lambda w: w.train('--gpus', 4), 'dist_train.sh JOB .* 4 WORK_DIR'),
    'no gpus': (lambda w: w.train('--gpus', 0), '--gpus 0'),
    'seed is no number': (lambda w: w.train('--seed', 'x'), "--seed: invalid int value: 'x'"),
    'no launcher': (lambda w: w.train('--launcher', 'pytorch'), 'RANK is not set; start through'),
    'unknown metric': (lambda w: w.step('--eval', 'bbox'), "unknown metric 'bbox' for videos; choose from stq"),
    'unknown metric of images': (lambda w: ['test.py', *w.image, '--eval', 'bbox'], 'bbox.*PQ'),
    'video model in test.py': (lambda w: ['test.py', w.config, w.trained, '--eval', 'PQ'], 'use tools/test_step.py'),
    'image model in test_step.py': (
        lambda w: ['test_step.py', *w.image, '--out-dir', w.tmp / 'out'],
        'use tools/test.py',
    ),
    'nothing to do': (lambda w: ['test.py', w.config, w.trained], 'nothing to do: give at least one of'),
    'scores of nothing': (
        lambda w: ['test.py', w.config, w.trained, '--out', w.tmp, '--json', 'x'],
        'json needs --eval',
    ),
    # Checkpoints.
    'checkpoint missing': (lambda w: w.step(checkpoint='absent.pth'), 'checkpoint not found: absent.pth'),
    'checkpoint damaged': (lambda w: w.step(checkpoint=w.file('a.pth', 'hello')), 'a.pth is damaged .*copy or downl'),
    'checkpoint with code': (lambda w: w.step(checkpoint=w.weights('a.pth', dict(meta=Evil()))), '--trust-checkpoint'),
    'checkpoint of another model': (
        lambda w: w.step(checkpoint=w.weights('a.pth', {'fc.weight': torch.zeros(2)})),
        'a.pth is of another model than the config',
    ),
    'checkpoint without weights': (lambda w: w.step(checkpoint=w.weights('a.pth', dict(meta=1))), 'holds no weights'),
    'folder without checkpoint': (lambda w: w.step(checkpoint=w.street), 'no checkpoint in folder .*epoch_N.pth'),
    'load of another model': (
        lambda w: w.train('--load-from', w.weights('a.pth', {'fc.weight': torch.zeros(2)})),
        'of another model',
    ),
    'resume of bare weights': (
        lambda w: w.train('--resume-from', w.weights('a.pth', {'fc.weight': torch.zeros(2)})),
        'use --load-from instead of --resume-from',
    ),
    'resume of another config': (work_dir_of_another_config, 'of another model; choose another --work-dir'),
    # Data.
    'data missing': (
        lambda w: w.train('--cfg-options', 'data.train.dataset.data_root=absent'),
        'absent/video_sequence/train is no folder. Set data_root',
    ),
    'split missing': (lambda w: w.step('--cfg-options', 'data.test.split=vall'), 'video_sequence/vall is no folder'),
    'split empty': (lambda w: w.step_on(every('*', Path.unlink)), "The split 'val' is empty"),
    'wrong file name': (
        lambda w: w.step_on(lambda f: (f / IMAGE).rename(f / 'frame_leftImg8bit.png')),
        'frame_leftImg8bit.png: file name is not SSSSSS_FFFFFF',
    ),
    'image without mask': (lambda w: w.step_on(lambda f: (f / MASK).unlink()), f'{MASK}.*Complete the labels'),
    'video without masks': (lambda w: w.step_on(every('005002_*_panoptic.png', Path.unlink)), '4 label files'),
    'image truncated': (lambda w: w.step_on(lambda f: cut(f / IMAGE)), f'{IMAGE}: truncated or damaged PNG'),
    'image of 16 bits': (
        lambda w: w.step_on(lambda f: change(f / IMAGE, lambda a: a.astype(np.uint16))),
        f'{IMAGE}: expected an 8-bit RGB image',
    ),
    'gray image': (lambda w: w.step_on(lambda f: change(f / IMAGE, lambda a: a[..., 0])), f'{IMAGE}: expected 3'),
    'mask truncated': (lambda w: w.train_on(every('*panoptic.png', cut)), '_panoptic.png: truncated'),
    'mask of another size': (
        lambda w: w.train_on(every('*panoptic.png', lambda p: change(p, lambda a: a[:32]))),
        r'_panoptic.png: size \(32, 160\) differs from \(64, 160\) of its image',
    ),
    'unknown category': (
        lambda w: w.train_on(every('*panoptic.png', paint(77))),
        r'_panoptic.png: unknown class ids \[77\]',
    ),
    'truth of another size': (
        lambda w: w.step_on(lambda f: change(f / MASK, lambda a: a[:32]), '--eval', 'stq'),
        f'{MASK}.*160x32',
    ),
    'truth with an unknown category': (
        lambda w: w.step_on(lambda f: paint(77)(f / MASK), '--eval', 'vpq'),
        f'{MASK}: class 77',
    ),
    'scores of a split without labels': (
        lambda w: [
            'test_step.py',
            w.config,
            w.trained,
            '--out-dir',
            w.tmp / 'out',
            '--eval',
            'stq',
            '--cfg-options',
            f'data.test.data_root={w.data("val", unlabelled)}',
            'data.test.split=test',
        ],
        'video_sequence/test: no SSSSSS_FFFFFF_panoptic.png',
    ),
    '8-bit instance map': (
        lambda w: w.cityscapes(lambda p: change(p, lambda a: a.astype(np.uint8))),
        'instanceTrainIds.png: expected a 16-bit',
    ),
    'instance map of another size': (lambda w: w.cityscapes(lambda p: change(p, lambda a: a[:8])), 'differs from'),
    # Outputs.
    'work dir is a file': (
        lambda w: ['train.py', w.config, '--work-dir', w.file('file') / 'x'],
        'file/x cannot be written: .*choose another --work-dir',
    ),
    'output is a file': (
        lambda w: ['test_step.py', w.config, w.trained, '--out-dir', w.file('file')],
        'file: .*is in the way',
    ),
    'output below a file': (
        lambda w: ['test_step.py', w.config, w.trained, '--out-dir', w.file('file') / 'x'],
        'file/x: .*not a folder',
    ),
    'output of another run': (
        lambda w: ['test_step.py', w.config, w.trained, '--out-dir', used(w)],
        'out holds results of another run .*Choose another output folder',
    ),
    'damaged manifest': (
        lambda w: ['test_step.py', w.config, w.trained, '--out-dir', w.file('manifest.json', '{').parent],
        'manifest.json: damaged .*remove it',
    ),
    # Evaluators and what reads predictions.
    'no predictions': (lambda w: ['eval_dstq_step.py', w.tmp, w.street], 'panoptic: no such folder; give the folder'),
    'no ground truth': (lambda w: ['eval_dvpq_step.py', w.predicted, w.tmp], 'val: no such folder; give the data set'),
    'video without predictions': (lambda w: w.score(lambda f: shutil.rmtree(str(f))), 'without predictions: 5002'),
    'frame without prediction': (lambda w: w.score(every(f'{FRAME}*', Path.unlink)), f'without a prediction: {FRAME}'),
    'half a prediction': (lambda w: w.score(lambda f: (f / CAT).unlink()), f'{FRAME}_ins.png: its cat partner'),
    'prediction truncated': (lambda w: w.score(lambda f: cut(f / CAT)), f'{CAT}: truncated'),
    'prediction of another size': (
        lambda w: w.score(every(f'{FRAME}*', lambda p: change(p, lambda a: a[:8]))),
        f'{CAT}.*160x8',
    ),
    'class out of range': (lambda w: w.score(lambda f: paint(77)(f / CAT)), f'{CAT}: class 77'),
    'coloured prediction': (
        lambda w: w.score(lambda f: change(f / CAT, lambda a: np.zeros((64, 160, 3), np.uint8))),
        f'{CAT}: expected a gray label map',
    ),
    'truth given twice': (lambda w: ['eval_dstq_step.py', w.predicted, w.street, '--gt-path', 'b'], 'given twice'),
    'scores below a file': (
        lambda w: ['eval_dstq_step.py', w.predicted, w.street, '--json', w.file('f') / 'a.json'],
        'f/a.json: .*not a folder|f: .*in the way|/f.*not a folder',
    ),
    'window of no frames': (lambda w: ['eval_dvpq_step.py', w.predicted, w.street, '-k', 0], 'whole number >= 1'),
    'pictures of no predictions': (lambda w: ['visualize.py', w.tmp, w.street, '--out', w.tmp / 'p'], 'no such folder'),
    'report of no scores': (
        lambda w: ['report.py', '--out', w.tmp / 'r.html', '--stq', w.file('s.json', '{}')],
        "s.json: has no 'STQ'; it is no file of scores",
    ),
    'demo without source': (lambda w: ['demo_video.py', 'absent.mp4', w.config, w.trained, '--out', 'x.mp4'], 'absent'),
    'demo format': (lambda w: ['demo_video.py', w.tmp, w.config, w.trained, '--out', 'x.avi'], '.mp4 or .gif'),
    'demo without pictures': (lambda w: ['demo_video.py', w.tmp, w.config, w.trained, '--out', 'x.gif'], 'pictur'),
    'comparison of no runs': (lambda w: ['misc/compare_scores.py', f'a={w.tmp}'], 'stq.json: no such file of scores'),
    'frames for both splits': (
        lambda w: [
            'dataset/frames_to_kitti_step.py',
            '--images',
            w.tmp,
            '--panoptic',
            w.tmp,
            '--dst',
            w.tmp / 'd',
            '--train',
            '0-3',
            '--val',
            '3-4',
        ],
        'a frame belongs',
    ),
    'clip without frames': (
        lambda w: [
            'dataset/frames_to_kitti_step.py',
            '--images',
            w.tmp,
            '--panoptic',
            w.tmp,
            '--dst',
            w.tmp / 'd',
            '--train',
            '0-3',
        ],
        'no file named FFFFFF.jpg',
    ),
}


def unlabelled(folder: Path) -> None:
    """Turn a split into the test split, which has images only."""
    folder.rename(folder.with_name('test'))
    every('*panoptic.png', Path.unlink)(folder.with_name('test'))


@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')  # mmcv leaves a closed temp file
@pytest.mark.parametrize('case', CASES)
def test_bad_input_ends_with_one_error(world: World, case: str) -> None:
    make, message = CASES[case]
    script, *args = make(world)
    before = set(world.tmp.rglob('*.pth'))
    code, _, text = call(script, *args)
    errors = [line for line in text.splitlines() if re.match(r'(\w+\.py: )?error: ', line)]
    assert code in (1, 2) and len(errors) == 1, f'exit {code}\n{text}'
    assert re.search(message, text, re.DOTALL) and 'Traceback' not in text, text
    assert set(world.tmp.rglob('*.pth')) == before
    assert not list(world.tmp.glob('out/*.json')) or not list(world.tmp.glob('out/[sv]*.json')), 'scores were written'


def test_frames_may_have_gaps(world: World) -> None:
    """The street of the cases, a frame less: no error."""
    code, text, err = call(*world.step_on(every(f'{FRAME}*', Path.unlink), '--eval', 'stq'))
    assert code == 0 and 'STQ' in text, err
    assert len(files_of(world.tmp / 'out', '*_cat.png')) == 11


def test_a_full_disk_leaves_whole_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system says neither which file nor what to do."""
    written = []
    write_bytes = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if path.suffix == '.png' and len(written) >= 11:
            write_bytes(path, data[:20])
            raise OSError(errno.ENOSPC, 'No space left on device')
        written.append(path)
        return write_bytes(path, data)

    monkeypatch.setattr(Path, 'write_bytes', write)
    code, _, err = call(*world.step('--final', '--eval', 'stq'))
    assert code == 1 and re.search(r'error: .*out/(panoptic|final)/.*png: No space left.*free some space', err)
    left = files_of(world.tmp / 'out')
    assert len(left) == 11 and all(world.predicted.joinpath(name).read_bytes() == data for name, data in left.items())
    monkeypatch.setattr(Path, 'write_bytes', write_bytes)
    code, _, err = call(*world.step('--final', '--eval', 'stq'))
    assert code == 0, err
    assert files_of(world.tmp / 'out/panoptic') == files_of(world.predicted / 'panoptic')
