"""Stored predictions as files of other programs, read by those programs where they are installed."""

import json
from pathlib import Path
from typing import Tuple

import numpy as np
import pytest
from pycocotools import mask as mask_api

from knet.labels import KITTI_STEP
from knet.layouts.coco import rgb_to_ids
from knet.layouts.youtube_vis import read_ground_truth
from knet.results.exports import EXPORTERS, to_detections
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.results.track_store import check_results, read_results
from knet.utils.io import read_png
from tests.tools.conftest import call

CAR, PERSON, ROAD, VOID = 13, 11, 0, 255
SIZE = (24, 40)


def frame(time: int) -> Tuple[np.ndarray, np.ndarray]:
    """Road with a hole, a car that moves, a person that is there at odd times, a thing without track."""
    semantic, instance = np.full(SIZE, ROAD, np.uint8), np.zeros(SIZE, np.int32)
    semantic[:4, :4] = VOID
    semantic[5:15, 2 * time : 2 * time + 12], instance[5:15, 2 * time : 2 * time + 12] = CAR, 700
    semantic[20:24, 30:40] = CAR
    if time % 2:
        semantic[6:20, 25:30], instance[6:20, 25:30] = PERSON, 300
    return semantic, instance


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """Return a folder of predictions: two videos of three frames whose numbers don't start at 0."""
    with PredictionWriter(tmp_path / 'result', {}, label_space=KITTI_STEP) as writer:
        for video in (2, 7):
            for time in range(3):
                writer.write(video, 10 + time, *frame(time))
            writer.finish_video(video, 3)
    return tmp_path / 'result'


def export(name: str, result: Path) -> Path:
    out = result.parent / name
    code, text, err = call('export.py', name, result, '--out', out)
    assert code == 0 and '6 frames' in text, err
    return out


def test_coco_panoptic_is_what_panopticapi_reads(result: Path) -> None:
    out = export('coco-panoptic', result)
    data = json.loads((out / 'coco_panoptic.json').read_text())
    assert [(i['video_id'], i['frame_id']) for i in data['images']] == [(v, 10 + t) for v in (2, 7) for t in range(3)]
    ids = rgb_to_ids(read_png(out / 'coco_panoptic/000002_000011.png'))
    semantic = frame(1)[0]
    by_category = {s['category_id']: s for s in data['annotations'][1]['segments_info'] if s['id'] & 0xFFFF}
    assert (ids == by_category[PERSON]['id']).sum() == 70 == by_category[PERSON]['area']
    assert by_category[PERSON]['bbox'] == [25, 6, 5, 14] and ((ids == 0) == (semantic == VOID)).all()
    evaluation = pytest.importorskip('panopticapi.evaluation')
    categories = {c['id']: c for c in data['categories']}
    annotations = [(a, a) for a in data['annotations']]
    folder = str(out / 'coco_panoptic')
    found = evaluation.pq_compute_single_core(0, annotations, folder, folder, categories)
    scores, _ = found.pq_average(categories, isthing=None)
    assert scores['pq'] == 1.0 and scores['n'] == 3


def test_youtube_vis_files_score_fully_against_each_other(result: Path) -> None:
    out = export('youtube-vis-json', result)
    truth = read_ground_truth(out / 'youtube_vis.json')
    assert truth.videos == {2: (3, SIZE), 7: (3, SIZE)} and truth.categories == {CAR: 'car', PERSON: 'person'}
    person = truth.tracks[7][0]
    assert [code is not None for code in person['segmentations']] == [False, True, False]
    assert (mask_api.decode(person['segmentations'][1]) == (frame(1)[1] == 300)).all()
    check_results(read_results(out / 'results.json'), truth)
    code, text, err = call('../tools_vis/eval_vis.py', out / 'results.json', out / 'youtube_vis.json')
    assert code == 0 and '100.00' in text, err
    again = json.loads((out / 'youtube_vis.json').read_text())
    assert [a['id'] for a in again['annotations']] == [1, 2, 3, 4]
    assert again['annotations'][1]['areas'] == [120, 120, 120] and again['annotations'][1]['bboxes'][1] == [
        2,
        5,
        12,
        10,
    ]


def test_kitti_mots_lines_hold_the_masks(result: Path) -> None:
    out = export('kitti-mots', result)
    lines = [line.split() for line in (out / '0007.txt').read_text().splitlines()]
    assert [line[:5] for line in lines] == [
        ['10', '1001', '1', '24', '40'],
        ['11', '2001', '2', '24', '40'],
        ['11', '1001', '1', '24', '40'],
        ['12', '1001', '1', '24', '40'],
    ]
    mask = mask_api.decode(dict(size=[24, 40], counts=lines[1][5].encode()))
    assert (mask == (frame(1)[1] == 300)).all()


def test_predictions_of_unknown_classes_need_a_label_space(result: Path) -> None:
    (result / 'manifest.json').unlink()
    code, _, err = call('export.py', 'kitti-mots', result, '--out', result.parent / 'o')
    assert code == 1 and 'do not say their classes; give --label-space' in err
    with pytest.raises(ValueError, match='do not say their classes'):
        EXPORTERS['coco-panoptic']().export(PredictionReader(result), None, result.parent / 'o')
    code, _, err = call('export.py', 'kitti-mots', result, '--out', result.parent / 'o', '--label-space', 'kitti_step')
    assert code == 0, err


def test_unknown_formats_are_named(result: Path) -> None:
    code, _, err = call('export.py', 'coco', result, '--out', result.parent / 'o')
    assert code == 1 and "unknown format 'coco'; known: coco-panoptic, kitti-mots, kitti-step" in err


def test_detections_of_supervision(result: Path) -> None:
    supervision = pytest.importorskip('supervision')
    semantic, instance = PredictionReader(result).read(2, 11)
    found = to_detections(semantic, instance, KITTI_STEP)
    assert found.class_id.tolist() == [PERSON, CAR, CAR] and found.tracker_id.tolist() == [300, 0, 700]
    assert found.data['class_name'].tolist() == ['person', 'car', 'car']
    assert found.xyxy[0].tolist() == [25, 6, 29, 19] and (found.mask[2] == (instance == 700)).all()
    assert len(to_detections(semantic, instance, KITTI_STEP, things_only=False)) == 4
    assert len(to_detections(np.full(SIZE, VOID), np.zeros(SIZE, int), KITTI_STEP)) == 0
    picture = supervision.MaskAnnotator().annotate(np.zeros((*SIZE, 3), np.uint8), found)
    assert picture.any()


def test_detections_name_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, 'supervision', None)
    with pytest.raises(ImportError, match='pip install supervision'):
        to_detections(*frame(0), KITTI_STEP)
