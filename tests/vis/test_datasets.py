"""Converter, data set, clips, pipelines and the miniature."""

import hashlib
import json
import os
import random
from pathlib import Path
from typing import Any, Callable, Dict, List

import cv2
import numpy as np
import pytest
import torch
from mmcv import Config
from mmcv.parallel import collate
from mmdet.datasets import build_dataset

from knet.evaluation.metric import score
from knet.evaluation.vis_ap import VisAveragePrecision
from knet.labels import YOUTUBE_VIS_2021
from knet.layouts.youtube_vis import read_ground_truth
from knet.results.track_store import TrackPredictions
from knet_vis.datasets.sampling import ClipSampler
from tests.tools.conftest import ROOT
from tests.vis.conftest import run_tool
from tests.vis.vis_mini import PERSON, SEDAN, SIZE, TRACKS, mask_of, official, perfect, write_official


def settings(root: Path, part: str = 'train', **changes: Any) -> Dict[str, Any]:
    """Return the data set config of the small videos."""
    cfg = Config.fromfile(str(ROOT / 'configs/_base_/datasets/youtube_vis_2019.py')).data[part]
    return dict(cfg, data_root=str(root), **changes)


def test_converter_writes_one_entry_per_object_and_frame(converted: Path) -> None:
    data = json.loads((converted / 'annotations' / 'youtube_vis_2019_train.json').read_text())
    assert list(data) == ['info', 'categories', 'videos', 'images', 'annotations']
    official_bytes = (converted / 'train.json').read_bytes()
    source = dict(size=len(official_bytes), sha256=hashlib.sha256(official_bytes).hexdigest())
    assert data['info'] == dict(source=source)
    assert data['videos'] == [dict(id=v, name=f'v{v:02d}') for v in TRACKS]
    assert [image['id'] for image in data['images']] == list(range(1, 11))
    assert data['images'][1] == dict(file_name='v03/00005.jpg', height=48, width=64, id=2, frame_id=1, video_id=3)
    found = [(a['image_id'], a['category_id'], a['instance_id']) for a in data['annotations']]
    assert found == [(1, PERSON, 1), (1, SEDAN, 2), (2, PERSON, 1), (2, SEDAN, 2), (3, SEDAN, 2), (4, SEDAN, 3)]
    first = data['annotations'][0]
    assert first['bbox'] == [4, 4, 10, 20] and first['area'] == 200 and first['iscrowd'] == 0
    assert first['segmentation'] == official()['annotations'][0]['segmentations'][0]


def test_converter_is_idempotent_and_can_rehearse(tmp_path: Path) -> None:
    root = write_official(tmp_path / 'in', annotated_val=False)
    dry = run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', tmp_path / 'out', '--dry-run').stdout
    assert 'train: 3 videos, 10 frames, 3 tracks, 6 objects in frames' in dry and 'would go to' in dry
    assert 'no annotations' in dry and 'test: skipped, there is no' in dry and not (tmp_path / 'out').exists()
    run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', tmp_path / 'out')
    files = sorted((tmp_path / 'out').iterdir())
    assert [f.name for f in files] == ['youtube_vis_2019_train.json', 'youtube_vis_2019_valid.json']
    assert 'annotations' not in json.loads(files[1].read_text())
    before = [f.stat().st_mtime_ns for f in files]
    assert 'there already' in run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', tmp_path / 'out').stdout
    assert [f.stat().st_mtime_ns for f in files] == before


def test_another_json_is_converted_again(tmp_path: Path) -> None:
    """The time of a file does not tell: archives unpack old ones."""
    root = copy_of_converted(tmp_path)
    target = root / 'annotations/youtube_vis_2019_train.json'
    first = target.read_bytes()

    def convert(seconds: float) -> bool:
        """Give the json a time, run the tool and return whether it has converted."""
        os.utime(str(root / 'train.json'), (seconds, seconds))
        done = run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')
        return f'train: {target} is there already' not in done.stdout

    now = target.stat().st_mtime
    assert not convert(now + 9), 'the same json'
    data = official()
    data['annotations'][0]['category_id'] = SEDAN
    (root / 'train.json').write_text(json.dumps(data))
    assert convert(now - 9) and json.loads(target.read_text())['annotations'][0]['category_id'] == SEDAN
    target.write_bytes(first[:-9])
    assert convert(now - 9), 'a conversion that is cut short'
    # Conversions of earlier versions do not say what they were made of; their times are compared.
    old = json.loads(first)
    del old['info']
    target.write_text(json.dumps(old))
    assert not convert(now - 9)
    assert convert(target.stat().st_mtime + 9)


def test_other_years_lie_in_other_folders(tmp_path: Path) -> None:
    data = official()
    data['categories'] = [dict(id=info.dataset_id, name=info.name) for info in YOUTUBE_VIS_2021.things]
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train' / 'instances.json').write_text(json.dumps(data))
    run_tool('tools/dataset/youtubevis2coco.py', '-i', tmp_path, '-o', tmp_path / 'annotations', '--version', '2021')
    for video in data['videos']:
        for name in video['file_names']:
            path = tmp_path / 'train' / 'JPEGImages' / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    cfg = Config.fromfile(str(ROOT / 'configs/_base_/datasets/youtube_vis_2021.py')).data.train
    dataset = build_dataset(dict(cfg, data_root=str(tmp_path)))
    # Category 6 is the cat of 2021.
    assert len(dataset) == 4 and dataset.CLASSES[dataset.frame(1, 0)['ann_info']['labels'][0]] == 'cat'


def test_both_forms_of_ground_truth_are_one(converted: Path) -> None:
    for path in (converted / 'valid.json', converted / 'annotations' / 'youtube_vis_2019_valid.json'):
        truth = read_ground_truth(path)
        assert truth.videos == {3: (3, SIZE), 8: (1, SIZE), 9: (6, SIZE)}
        assert score(VisAveragePrecision(truth.categories), TrackPredictions(perfect()), truth).headline()['AP'] == 1.0


def test_tracks_of_no_frame_are_to_be_found(tmp_path: Path) -> None:
    """Person: 1. Sedan: two of three tracks are found, so that precision is 1 at 67 of 101 recalls; a crowd is none."""
    root = write_official(tmp_path / 'data')
    data = official()
    for crowd in (0, 1):
        data['annotations'].append(
            dict(id=10 + crowd, video_id=3, category_id=SEDAN, iscrowd=crowd, segmentations=[None, [], None])
        )
    for split in ('train', 'valid'):
        (root / f'{split}.json').write_text(json.dumps(data))
    done = run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')
    assert '3 tracks, 6 objects in frames, 2 tracks that are in no frame' in done.stdout
    dataset = build_dataset(settings(root, 'val'))
    converted = read_ground_truth(root / 'annotations/youtube_vis_2019_valid.json')
    for truth in (read_ground_truth(root / 'valid.json'), converted, dataset.ground_truth()):
        result = score(VisAveragePrecision(truth.categories), TrackPredictions(perfect()), truth)
        assert result.tracks == {PERSON: 1, SEDAN: 3}
        assert result.headline()['AP50'] == pytest.approx((1 + 67 / 101) / 2)
    # Nothing can be learned from them.
    assert [len(dataset.frame(0, frame)['ann_info']['labels']) for frame in range(3)] == [2, 2, 1]


@pytest.mark.parametrize(
    'key, length, expected',
    [
        (5, 9, [3, 4, 5, 6, 7]),
        (0, 9, [0, 1, 2, 3, 4]),
        (8, 9, [4, 5, 6, 7, 8]),
        (1, 3, [0, 0, 1, 2, 2]),
        (0, 1, [0, 0, 0, 0, 0]),
        (3, 5, [0, 1, 2, 3, 4]),
    ],
)
def test_clips_stay_inside_of_the_video(key: int, length: int, expected: List[int]) -> None:
    assert ClipSampler(5, [-2, 2], filter_key_img=False).draw(key, length) == expected


def test_clips_are_drawn_from_larger_windows() -> None:
    random.seed(0)
    drawn = [ClipSampler(2, 3).draw(5, 20) for _ in range(60)]
    assert all(a < b and 5 not in (a, b) and a >= 2 and b <= 8 for a, b in drawn) and len(set(map(tuple, drawn))) > 8


def test_training_sample(converted: Path) -> None:
    dataset = build_dataset(settings(converted))
    # Four frames with an object; video 9 has none.
    assert len(dataset) == 4 and dataset.flag.tolist() == [1] * 4
    random.seed(1)
    np.random.seed(1)
    sample = dataset[1]
    assert set(sample) == {
        'img_metas',
        'ref_img',
        'ref_img_metas',
        'ref_gt_masks',
        'ref_gt_labels',
        'ref_gt_instance_ids',
    }
    batch = collate([sample, dataset[3]], samples_per_gpu=2)
    assert batch['ref_img'].data[0].shape[:3] == (2, 5, 3) and batch['ref_img'].data[0].shape[-1] % 32 == 0
    # Frames 0 0 1 2 2: person in the first three, sedan in all.
    labels, ids = sample['ref_gt_labels'].data, sample['ref_gt_instance_ids'].data
    assert labels.dtype == torch.int64
    assert labels.tolist() == [[0, 0], [0, 5], [1, 0], [1, 5], [2, 0], [2, 5], [3, 5], [4, 5]]
    assert ids.tolist() == [[0, 1], [0, 2], [1, 1], [1, 2], [2, 1], [2, 2], [3, 2], [4, 2]]
    metas, masks = sample['ref_img_metas'].data, sample['ref_gt_masks'].data
    assert [meta['frame_id'] for meta in metas] == [0, 0, 1, 2, 2] and metas[0]['video_id'] == 3
    # One scale and one flip for the clip; masks follow their picture.
    assert len({meta['img_shape'] for meta in metas}) == len({meta['flip'] for meta in metas}) == 1
    height, width = metas[0]['img_shape'][:2]
    expected = cv2.resize(
        mask_of(TRACKS[3][1][1][2]).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    found = masks[4].masks[0][:height, :width]
    assert np.array_equal(found, expected[:, ::-1] if metas[0]['flip'] else expected)
    assert height in (288, 320, 352, 392, 416, 448, 480, 512)


def test_clips_without_objects_can_train(converted: Path) -> None:
    dataset = build_dataset(settings(converted, filter_empty_gt=False))
    assert len(dataset) == 10
    sample = dataset[9]
    assert sample['ref_gt_labels'].data.shape == (0, 2) and sample['ref_gt_instance_ids'].data.dtype == torch.int64
    assert [len(masks) for masks in sample['ref_gt_masks'].data] == [0] * 5


def test_whole_videos_are_tested(converted: Path) -> None:
    dataset = build_dataset(settings(converted, 'test'))
    assert len(dataset) == 3 and dataset.video_lengths() == [3, 1, 6]
    sample = dataset[0]
    frames = sample['ref_img'][0].data
    assert frames.shape == (3, 3, 384, 480)  # 480 x 360 and padding
    part = dataset.load_frames(0, range(1, 3))
    assert torch.equal(part['ref_img'][0].data, frames[1:])
    meta = part['img_metas'][0].data
    assert meta['img_shape'][:2] == (360, 480) and meta['ori_shape'][:2] == SIZE and meta['frame_id'] == 1


def test_wide_videos_become_640_by_384(tmp_path: Path) -> None:
    root = write_official(tmp_path / 'in')
    for split in ('train', 'valid'):
        data = json.loads((root / f'{split}.json').read_text())
        data['annotations'] = []
        for video in data['videos']:
            video.update(height=36, width=64)
            for name in video['file_names'] if split == 'valid' else []:
                cv2.imwrite(str(root / split / 'JPEGImages' / name), np.zeros((36, 64, 3), dtype=np.uint8))
        (root / f'{split}.json').write_text(json.dumps(data))
    run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')
    assert build_dataset(settings(root, 'test'))[1]['ref_img'][0].data.shape == (1, 3, 384, 640)


def test_evaluate_and_format(converted: Path, tmp_path: Path) -> None:
    dataset = build_dataset(settings(converted, 'val'))
    results = [[r for r in perfect() if r['video_id'] == video] for video in (3, 8, 9)]
    scores = dataset.evaluate(results)
    assert scores['AP'] == 1.0 and 'APl' not in scores
    dataset.format_results(results, str(tmp_path))
    assert json.loads((tmp_path / 'results.json').read_text()) == perfect()
    with pytest.raises(ValueError, match='1 results for 3 videos'):
        dataset.evaluate(results[:1])
    with pytest.raises(ValueError, match="unknown metric 'bbox'"):
        dataset.check_metrics(['bbox'])


def edit(change: Callable[[Dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Spoil the converted annotations."""

    def apply(root: Path) -> None:
        path = root / 'annotations' / 'youtube_vis_2019_train.json'
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))

    return apply


@pytest.mark.parametrize(
    'spoil, message',
    [
        (
            edit(lambda d: d['annotations'][0].update(image_id=99)),
            'annotation 1 belongs to image 99, which is not listed',
        ),
        (edit(lambda d: d['annotations'][0].update(category_id=41)), 'annotation 1 has category 41'),
        (edit(lambda d: d['annotations'][0].update(video_id=8)), 'annotation 1 belongs to video 8, its image 1 to 3'),
        (edit(lambda d: d['annotations'][1].update(instance_id=1)), 'instance 1 appears twice in image 1'),
        (edit(lambda d: d['annotations'][2].update(category_id=SEDAN)), 'instance 1 of video 3 changes its category'),
        (edit(lambda d: d['annotations'][1].update(id=1)), 'id 1 is given to two annotations'),
        (edit(lambda d: d['videos'][1].update(id=3)), 'id 3 is given to two videos'),
        (edit(lambda d: d['images'][1].update(id=1)), 'id 1 is given to two images'),
        (edit(lambda d: d['annotations'][0].pop('instance_id')), 'annotation 1 has no instance_id'),
        (
            edit(lambda d: d['annotations'][0]['segmentation'].update(size=[64, 48])),
            'the mask of annotation 1 is (64, 48)',
        ),
        (edit(lambda d: d['videos'][0].update(unseen_tracks=7)), 'unseen_tracks of video 3 is no list'),
        (edit(lambda d: d['videos'][0].update(unseen_tracks=[{}])), 'unseen_track number 0 lacks one of category_id'),
        (
            edit(lambda d: d['videos'][0].update(unseen_tracks=[dict(category_id=41)])),
            'an unseen track of video 3 has category 41, which is not among',
        ),
        (edit(lambda d: d['images'][1].update(video_id=77)), 'image 2 belongs to video 77, which is not listed'),
        (edit(lambda d: d['images'][1].update(frame_id=5)), 'video 3 has the frames [0, 2, 5]'),
        (edit(lambda d: d['images'][1].update(height=50)), 'frames of video 3 differ in size'),
        (edit(lambda d: d['images'][3].update(video_id=3, frame_id=3)), 'video 8 has the frames []'),
        (edit(lambda d: d['categories'].pop()), 'tennis_racket absent'),
        (edit(lambda d: d['categories'][0].update(name='human')), 'human unknown, person absent'),
        (edit(lambda d: d['categories'].append(dict(id=41, name='sedan'))), "two categories are called 'sedan'"),
        (edit(lambda d: d.pop('annotations')), "has no 'annotations'; it is no annotation file"),
        (edit(lambda d: d['annotations'].clear()), 'no video or key frame is left to use'),
        (
            lambda root: (root / 'annotations/youtube_vis_2019_train.json').write_text('{"videos": ['),
            'damaged annotation',
        ),
        (lambda root: (root / 'annotations/youtube_vis_2019_train.json').unlink(), 'no such annotation file'),
        (lambda root: (root / 'train/JPEGImages/v03/00005.jpg').unlink(), '1 of 10 frames of'),
    ],
)
def test_bad_annotations(tmp_path: Path, spoil: Callable[[Path], Any], message: str) -> None:
    root = copy_of_converted(tmp_path)
    spoil(root)
    with pytest.raises((ValueError, FileNotFoundError)) as error:
        build_dataset(settings(root))
    assert message in str(error.value)


def copy_of_converted(tmp_path: Path) -> Path:
    """Return a data set of its own that the test may spoil."""
    import importlib

    root = write_official(tmp_path / 'data')
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools' / 'dataset'))
        tool = importlib.import_module('youtubevis2coco')
    assert tool.main(['-i', str(root), '-o', str(root / 'annotations')]) == 0
    return root


@pytest.mark.parametrize(
    'content, message',
    [
        (b'', 'truncated or damaged picture'),
        (b'no picture at all', 'truncated or damaged picture'),
        (None, 'differs from'),
    ],
)
def test_bad_pictures(tmp_path: Path, content: Any, message: str) -> None:
    root = copy_of_converted(tmp_path)
    path = root / 'train/JPEGImages/v08/00000.jpg'
    path.write_bytes(cv2.imencode('.jpg', np.zeros((64, 48, 3)))[1].tobytes() if content is None else content)
    with pytest.raises(ValueError, match=message) as error:
        build_dataset(settings(root))[3]
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(dataset_version='2020'), "dataset_version '2020' is unknown; choose from 2019, 2021, 2022"),
        (dict(dataset_version='2021'), 'its categories are not those of the label space'),
        (dict(ref_img_sampler=dict(num_ref_imgs=0, frame_range=2)), 'num_ref_imgs must be >= 1'),
        (dict(ref_img_sampler=dict(num_ref_imgs=5, frame_range=[1, 2])), 'frame_range .first <= 0'),
    ],
)
def test_bad_settings(converted: Path, changes: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_dataset(settings(converted, **changes))


@pytest.mark.parametrize(
    'change, message',
    [
        (lambda d: d['annotations'][0].update(video_id=99), 'annotation 1 belongs to video 99, which is not listed'),
        (lambda d: d['annotations'][0]['bboxes'].pop(), 'annotation 1 has 2 bboxes, its video 3 3 frames'),
        (lambda d: d['annotations'][0].update(category_id=0), 'annotation 1 has category 0'),
        (lambda d: d['annotations'][1].update(id=1), 'id 1 is given to two annotations'),
        (lambda d: d['videos'][0].update(file_names=[]), 'video 3 has no frames'),
        (lambda d: d.pop('videos'), "has no 'videos'"),
    ],
)
def test_converter_refuses_contradictions(tmp_path: Path, change: Callable, message: str) -> None:
    data = official()
    change(data)
    (tmp_path / 'train.json').write_text(json.dumps(data))
    done = run_tool('tools/dataset/youtubevis2coco.py', '-i', tmp_path, '-o', tmp_path / 'out', check=False)
    assert done.returncode == 1 and message in done.stdout and 'Traceback' not in done.stdout
    assert not (tmp_path / 'out').exists()


def test_converter_says_what_it_misses(tmp_path: Path) -> None:
    done = run_tool('tools/dataset/youtubevis2coco.py', '-i', tmp_path, '-o', tmp_path / 'out', check=False)
    assert done.returncode == 1 and 'has none of' in done.stdout
    root = write_official(tmp_path / 'in')
    (root / 'valid/JPEGImages/v09/00010.jpg').unlink()
    done = run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', tmp_path / 'out', check=False)
    assert done.returncode == 1 and 'valid: 1 of 10 frames are missing' in done.stdout


def test_miniature(tmp_path: Path) -> None:
    """Toy streets go through the converter as YouTube-VIS does; masks, boxes and areas agree."""
    from pycocotools import mask as mask_api

    from knet.toy import ToySpec, make_toy_videos

    root = tmp_path / 'toy'
    make_toy_videos(root, 'youtube-vis', ToySpec(train=1, val=2, frames=6, height=64, width=96))
    for split, videos in (('train', 1), ('valid', 2)):
        data = json.loads((root / f'{split}.json').read_text())
        assert len(data['videos']) == videos and len(data['categories']) == 40
        assert len(list((root / split / 'JPEGImages').rglob('*.jpg'))) == videos * 6
        assert {ann['category_id'] for ann in data['annotations']} <= {PERSON, SEDAN} and data['annotations']
        for ann in data['annotations']:
            for code, box, area in zip(ann['segmentations'], ann['bboxes'], ann['areas']):
                assert (code is None) == (box is None) == (area is None)
                if code is not None:
                    rle = mask_api.frPyObjects(code, *code['size'])
                    assert mask_api.area(rle) == area and mask_api.toBbox(rle).tolist() == box
                    assert sum(code['counts']) == 64 * 96
    run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')
    assert len(build_dataset(settings(root, 'val'))) == 2
