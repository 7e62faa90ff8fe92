"""Data in classes of its own, in five layouts: train, test, score from another folder, draw.

The command lines of the evaluators get no label space: prediction folders name theirs.
"""

import json
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import pytest

from knet.labels import LabelSpace
from tests.own_classes import configs, painter
from tests.tools.conftest import ENVIRONMENT, ROOT, call, command

pytestmark = pytest.mark.slow

Writer = Callable[[Path, LabelSpace], None]


def fine(*args: Any) -> str:
    """Return the output of a tool that must succeed."""
    code, out, err = call(*args)
    assert code in (0, None), out + err
    return out


def elsewhere(folder: Path, *args: Any) -> str:
    """Return the output of a tool that runs in a process and a folder of its own, and must succeed."""
    folder.mkdir(exist_ok=True)
    env = dict(ENVIRONMENT, PYTHONPATH=str(ROOT))
    done = subprocess.run(command(*args), cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def scores(path: Path) -> Dict[str, Any]:
    return json.loads(path.read_text())


#: Layout on command lines, data set, writer, classes, pixels of no segment.
PANOPTIC: Dict[str, Tuple[str, str, Writer, painter.Classes, str]] = {
    'no stuff': ('kitti-step', 'KITTISTEPDVPSDataset', painter.write_kitti_step, painter.NO_STUFF, 'void'),
    'stuff only': ('kitti-step', 'KITTISTEPDVPSDataset', painter.write_kitti_step, painter.STUFF_ONLY, 'stuff'),
    'one thing': ('kitti-step', 'KITTISTEPDVPSDataset', painter.write_kitti_step, painter.ONE_THING, 'void'),
    'one stuff': ('vipseg', 'VIPSegDVPSDataset', painter.write_vipseg, painter.ONE_STUFF, 'void'),
    'both': ('vipseg', 'VIPSegDVPSDataset', painter.write_vipseg, painter.MIXED, 'stuff'),
}


@pytest.mark.parametrize('name', PANOPTIC)
def test_panoptic_videos(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layout, data_set, write, classes, unassigned = PANOPTIC[name]
    space = painter.write_space(tmp_path / 'own.json', classes)
    write(tmp_path / 'data', space)
    config, out = configs.video_config(tmp_path, data_set, tmp_path / 'own.json', unassigned), tmp_path / 'out'
    fine('train.py', config, '--work-dir', tmp_path / 'run', '--seed', 0)
    fine('test_step.py', config, tmp_path / 'run', '--show-dir', out, '--eval', 'stq', 'vpq')
    assert scores(out / 'manifest.json')['label_space']['name'] == 'own'
    again = tmp_path / 'again.json'
    for tool, metric in (('eval_dstq_step.py', 'stq'), ('eval_dvpq_step.py', 'vpq')):
        text = elsewhere(tmp_path / 'away', tool, out, tmp_path / 'data', '--data-set', layout, '--json', again)
        assert scores(again) == scores(out / f'{metric}.json') and classes[0][0] in text
    assert set(scores(out / 'stq.json')['per_class']) == {str(i) for _, _, i in classes}
    drawn = tmp_path / 'drawn'
    elsewhere(tmp_path / 'away', 'visualize.py', out, tmp_path / 'data', '--data-set', layout, '--out', drawn)
    assert len(list(drawn.glob('*.gif'))) == 1 and list((drawn / 'worst').glob('*.png'))


@pytest.mark.parametrize('classes', [painter.STUFF_ONLY, painter.ONE_STUFF])
def test_semantic_videos(classes: painter.Classes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    painter.write_vspw(tmp_path / 'data', painter.write_space(tmp_path / 'own.json', classes))
    config, out = configs.vspw_config(tmp_path, tmp_path / 'own.json'), tmp_path / 'out'
    fine('train.py', config, '--work-dir', tmp_path / 'run', '--seed', 0)
    fine('test_step.py', config, tmp_path / 'run', '--show-dir', out, '--eval', 'miou', 'vc')
    again = tmp_path / 'again.json'
    elsewhere(tmp_path / 'away', 'eval_vspw.py', out, tmp_path / 'data', '--json', again)
    assert scores(again) == scores(out / 'vss.json')
    drawn = tmp_path / 'drawn'
    elsewhere(tmp_path / 'away', 'visualize.py', out, tmp_path / 'data', '--data-set', 'vspw', '--out', drawn)
    assert len(list(drawn.glob('*.gif'))) == 1


@pytest.mark.parametrize(
    'kind, classes', [('panoptic', painter.MIXED), ('panoptic', painter.STUFF_ONLY), ('instance', painter.ONE_THING)]
)
def test_images(kind: str, classes: painter.Classes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The categories of a json file are the label space."""
    monkeypatch.chdir(tmp_path)
    painter.write_coco(tmp_path / 'data', painter.write_space(tmp_path / 'own.json', classes))
    space = tmp_path / 'data/annotations' / ('panoptic_val.json' if kind == 'panoptic' else 'instances_val.json')
    if kind == 'panoptic':
        convert = ('dataset/coco_panoptic_stuff.py', '--src', tmp_path / 'data', '--splits', 'train')
        fine(*convert, '--nproc', 1, '--label-space', space)
    config = configs.coco_config(tmp_path, kind, space)
    fine('train.py', config, '--work-dir', tmp_path / 'run', '--seed', 0)
    metrics = ['PQ', 'segm', 'mIoU'] if kind == 'panoptic' else ['segm']
    test = ('test.py', config, tmp_path / 'run', '--eval', *metrics)
    fine(*test, '--json', tmp_path / 'first.json', '--show-dir', tmp_path / 'drawn')
    elsewhere(tmp_path / 'away', *test, '--json', tmp_path / 'again.json')
    assert scores(tmp_path / 'first.json') and scores(tmp_path / 'first.json') == scores(tmp_path / 'again.json')
    assert len(list((tmp_path / 'drawn').glob('*.jpg'))) == painter.FRAMES


def test_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The categories of the downloaded json file are the label space."""
    monkeypatch.chdir(tmp_path)
    data, out = tmp_path / 'data', tmp_path / 'out'
    painter.write_youtube_vis(data, painter.write_space(tmp_path / 'own.json', painter.NO_STUFF))
    space = data / 'train.json'
    fine('dataset/youtubevis2coco.py', '-i', data, '-o', data / 'annotations', '--label-space', space)
    config = configs.vis_config(tmp_path, space)
    fine('train.py', config, '--work-dir', tmp_path / 'run', '--seed', 0)
    test = ('../tools_vis/test_whole_video.py', config, tmp_path / 'run', '--out-dir', out, '--eval', 'segm')
    fine(*test, '--json', tmp_path / 'first.json', '--show-dir', tmp_path / 'drawn')
    fine(*test[:-2], '--format-only')
    evaluate = ('../tools_vis/eval_vis.py', out / 'results.json', data / 'valid.json')
    elsewhere(tmp_path / 'away', *evaluate, '--json', tmp_path / 'again.json')
    first, again = scores(tmp_path / 'first.json'), scores(tmp_path / 'again.json')
    assert first and {key: again[key] for key in first} == first
    assert len(list((tmp_path / 'drawn').glob('*.mp4'))) == 1
