"""VIPSeg, SemanticKITTI-DVPS, Cityscapes-VPS: toy videos in their layouts, read, streamed, scored; what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import numpy as np
import pytest
from mmcv import Config
from mmdet.datasets import build_dataset

from knet.apis import score_videos
from knet.datasets import CityscapesVPSDataset, VIPSegDVPSDataset
from knet.layouts.registry import LAYOUTS
from knet.results.panoptic_store import PredictionWriter
from knet.toy import ToySpec, make_toy_videos

from .toy_sets import CLASSES, COLOUR, FRAMES, GRAY, IMAGE, LOAD, MASK, ROOT, SPEC, cut, edit_json, first, put


def street_classes(layout: str) -> Dict[str, str]:
    """Return the names of the layout's classes by those of the street."""
    if layout == 'vipseg':
        return {
            'road': 'road',
            'sidewalk': 'path',
            'vegetation': 'tree',
            'terrain': 'grass',
            'sky': 'sky',
            'building': 'building',
            'person': 'person',
            'car': 'car',
        }
    names = ('road', 'sidewalk', 'vegetation', 'terrain', 'building', 'person', 'car', 'sky')
    return {name: name for name in names if layout != 'semantic-kitti' or name != 'sky'}


@pytest.mark.parametrize('layout', CLASSES)
def test_labels_are_those_of_the_street(originals: Dict[str, Path], layout: str) -> None:
    """Class by class and object by object, as data sets and evaluators read them."""
    dataset = CLASSES[layout]([], str(originals[layout]), split='val', test_mode=True)
    truth, names = dataset.ground_truth(), street_classes(layout)
    assert [len(truth.frames(video)) for video in truth.videos()] == [2 if layout == 'cityscapes-vps' else FRAMES] * 2
    video = truth.videos()[1]
    identities: Dict[Tuple[int, int], set] = {}
    for number, frame in enumerate(SPEC.street('val', 1)):
        if number not in truth.frames(video):
            continue
        semantic, instance = truth.read(video, number)
        index = dataset.video_indices()[video][number]
        for ours, theirs in zip(dataset.read_panoptic(index), (semantic, instance)):
            assert np.array_equal(ours, theirs)
        by_name = {info.name: info.dataset_id for info in dataset.label_space.classes}
        for train_id, name in (
            (0, 'road'),
            (1, 'sidewalk'),
            (2, 'building'),
            (8, 'vegetation'),
            (9, 'terrain'),
            (10, 'sky'),
            (11, 'person'),
            (13, 'car'),
        ):
            region = frame.semantic == train_id
            if layout == 'vipseg' and train_id in (11, 13):
                region &= frame.instance > 0
            expected = by_name[names[name]] if name in names else 255
            assert set(semantic[region].tolist()) <= {expected}
        crowd = (frame.semantic == 11) & (frame.instance == 0)
        assert set(semantic[crowd].tolist()) <= ({255} if layout == 'vipseg' else {by_name['person']})
        assert (semantic[frame.semantic == 255] == 255).all() and (instance[frame.instance == 0] == 0).all()
        for track in np.unique(frame.instance[frame.instance > 0]).tolist():
            identities.setdefault(track, set()).update(
                zip(semantic[frame.instance == track].tolist(), instance[frame.instance == track].tolist())
            )
    assert all(len(pairs) == 1 for pairs in identities.values())
    assert len(set.union(*identities.values())) == len(identities)
    assert all(number > 0 for pairs in identities.values() for _, number in pairs)


@pytest.mark.parametrize('layout', CLASSES)
def test_perfect_predictions_score_one(originals: Dict[str, Path], tmp_path: Path, layout: str) -> None:
    dataset = CLASSES[layout]([], str(originals[layout]), split='val', test_mode=True)
    with PredictionWriter(tmp_path / 'out', {}, names=dataset.video_names) as writer:
        for video, indices in dataset.video_indices().items():
            for record in (dataset.records[index] for index in indices):
                maps = (
                    dataset.ground_truth().read(video, record.frame_id)
                    if record.annotation
                    else (np.zeros((48, 96), int),) * 2
                )
                writer.write(video, record.frame_id, *maps)
            writer.finish_video(video, len(indices))
    for protocol in ('official', 'paper-repo'):
        results = score_videos(tmp_path / 'out', dataset, ['stq', 'vpq'], protocol)
        assert results['stq'].stq == 1.0
        windows = {k: w.scores.pq for k, w in results['vpq'].windows.items() if w.windows}
        assert tuple(results['vpq'].windows) == dataset.layout.vpq_windows
        if protocol == 'official':
            assert set(windows.values()) == {1.0} and not results['vpq'].skipped
    if layout == 'vipseg':
        manifest = json.loads((tmp_path / 'out' / 'manifest.json').read_text())
        assert manifest['names'] == {'0': '5000_toystreet', '1': '5001_toystreet'}


@pytest.mark.parametrize('layout, name', [('vipseg', 'vipseg_dvps'), ('cityscapes-vps', 'cityscapes_vps_clips')])
def test_shipped_configs_make_pairs(originals: Dict[str, Path], layout: str, name: str) -> None:
    cfg = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'datasets' / f'{name}.py')).data.train
    cfg.dataset.data_root = str(originals[layout])
    for step in cfg.dataset.pipeline:
        if 'img_scale' in step:
            step.img_scale = [(96, 48), (192, 96)] if layout == 'cityscapes-vps' else (48, 100000)
        if 'crop_size' in step:
            step.crop_size = (48, 64)
    dataset = build_dataset(cfg)
    assert len(dataset) == (2 if layout == 'cityscapes-vps' else FRAMES)
    np.random.seed(0)
    sample = dataset[0]
    assert sample['img'].data.shape == (3, 64, 64) and sample['ref_img'].data.shape == (1, 3, 64, 64)
    assert abs(sample['img_metas'].data['frame_id'] - sample['ref_img_metas'].data[0]['frame_id']) in (1, 2, 5)
    # Padding lies behind normalisation: zeros in the rows below the image.
    assert sample['img'].data[:, 48:].abs().max() == 0
    assert sample['gt_semantic_seg'].data[:, 48:].min() == 255


@pytest.mark.parametrize(
    'layout, name',
    [
        ('kitti-step', 'kitti_step_vps'),
        ('vipseg', 'vipseg_dvps'),
        ('cityscapes-vps', 'cityscapes_vps_clips'),
        ('vspw', 'vspw'),
    ],
)
def test_evaluators_look_where_configs_look(layout: str, name: str) -> None:
    cfg = Config.fromfile(str(ROOT / 'configs' / '_base_' / 'datasets' / f'{name}.py'))
    assert LAYOUTS[layout].default_root == cfg.data.test.data_root


def test_cityscapes_vps_streams_all_frames(originals: Dict[str, Path]) -> None:
    dataset = CityscapesVPSDataset([], str(originals['cityscapes-vps']), split='val', test_mode=True)
    assert [len(indices) for indices in dataset.video_indices().values()] == [FRAMES, FRAMES]
    labelled = [record.frame_id for record in dataset.records if record.annotation]
    assert labelled == [4, 9] * 2
    assert [record.frame_id for record in dataset.records if record.is_first] == [0, 0]
    with pytest.raises(ValueError, match='no labels to compare .*000000_newImg8bit.png'):
        dataset.read_panoptic(0)


def test_a_test_split_needs_no_labels(copy: Callable[[str], Path]) -> None:
    root = copy('cityscapes-vps')
    (root / 'val').rename(root / 'test')
    assert len(CityscapesVPSDataset([], str(root), split='test', test_mode=True)) == 2 * FRAMES
    root = copy('vipseg')
    (root / 'val.txt').rename(root / 'test.txt')
    shutil.rmtree(str(root / 'panomasks'))
    assert len(VIPSegDVPSDataset([], str(root), split='test', test_mode=True)) == 2 * FRAMES


PANOPTIC = 'val/panoptic_video/5000_0005_*.png'
CLASS = 'video_sequence/val/005000_000000_gtFine_class.png'
BAD: List[Tuple[str, Callable[[Path], Any], str]] = [
    ('vipseg', lambda r: (r / 'val.txt').unlink(), r'val\.txt: no such file.*one folder name per line'),
    ('vipseg', lambda r: (r / 'val.txt').write_text('\n\n'), r'val\.txt: names no video'),
    ('vipseg', lambda r: (r / 'val.txt').write_text('a\n5000_toystreet\n'), r'images/a: no such folder, but the split'),
    ('vipseg', lambda r: (r / 'val.txt').write_text('5000_toystreet\n' * 2), r'val\.txt: video 5000_.* 2 times'),
    ('vipseg', lambda r: [p.unlink() for p in r.glob('images/5000_toystreet/*')], r'5000_toystreet: no \*\.jpg in it'),
    ('vipseg', lambda r: (r / MASK).unlink(), r'1 label files are missing.*5000_toystreet/00000000\.png'),
    ('vipseg', lambda r: (r / IMAGE).unlink(), r'00000000\.png: there is no .*00000000\.jpg'),
    ('vipseg', lambda r: shutil.rmtree(str(r / 'panomasks')), r'panomasks/5000_toystreet: no such folder'),
    ('vipseg', lambda r: put(r, MASK, GRAY.astype(np.uint8)), r'00000000\.png: expected a 16-bit.*found 8-bit gray'),
    ('vipseg', lambda r: put(r, MASK, COLOUR), r'00000000\.png: expected a 16-bit.*found 8-bit RGB.*panomasksRGB'),
    ('vipseg', lambda r: put(r, MASK, GRAY[:40]), r'00000000\.png: size \(40, 96\) differs.*00000000\.jpg'),
    ('vipseg', lambda r: put(r, MASK, GRAY + np.uint16(3)), r'00000000\.png: value 3 is no VIPSeg label'),
    ('vipseg', lambda r: put(r, MASK, GRAY + np.uint16(12500)), r'value 12500 is no VIPSeg label'),
    ('vipseg', lambda r: cut(r, MASK), r'00000000\.png: truncated'),
    ('vipseg', lambda r: cut(r, IMAGE), r'00000000\.jpg: truncated'),
    ('vipseg', lambda r: shutil.copy(str(r / MASK), str(r / IMAGE)), r'00000000\.jpg: not a JPEG'),
    (
        'semantic-kitti',
        lambda r: first(r, 'video_sequence/val/*instance.png').unlink(),
        r'1 label files are missing.*005000_000000_gtFine_instance\.png',
    ),
    ('semantic-kitti', lambda r: put(r, CLASS, GRAY[:40]), r'gtFine_instance\.png: size .* differs .*gtFine_class'),
    ('semantic-kitti', lambda r: put(r, CLASS, GRAY + np.uint16(300)), r'gtFine_class\.png: class 300 found'),
    ('semantic-kitti', lambda r: put(r, CLASS, GRAY + np.uint16(19)), r'gtFine_class\.png: unknown class ids \[19\]'),
    ('semantic-kitti', lambda r: put(r, CLASS, COLOUR), r'gtFine_class\.png: expected a gray label map'),
    ('cityscapes-vps', lambda r: (r / 'panoptic_gt_val_city_vps.json').unlink(), r'vps\.json: no such panoptic'),
    ('cityscapes-vps', lambda r: (r / 'panoptic_gt_val_city_vps.json').write_text('{'), r'vps\.json: damaged panoptic'),
    ('cityscapes-vps', lambda r: edit_json(r, lambda d: d.pop('categories')), r"vps\.json: has no 'categories'"),
    ('cityscapes-vps', lambda r: edit_json(r, lambda d: d['categories'][0].update(trainid=40)), 'has train id 40'),
    ('cityscapes-vps', lambda r: edit_json(r, lambda d: d['annotations'].pop()), 'is not annotated, but has a file'),
    (
        'cityscapes-vps',
        lambda r: edit_json(r, lambda d: d['annotations'][0]['segments_info'][0].update(category_id=99)),
        'has category 99, which is',
    ),
    (
        'cityscapes-vps',
        lambda r: edit_json(r, lambda d: [a.update(segments_info=[]) for a in d['annotations']]),
        r'5000_0005.*final_mask\.png: segment id \d+ is not in the segments_info',
    ),
    ('cityscapes-vps', lambda r: first(r, PANOPTIC).unlink(), r'video 5000, frame 4 has no file in'),
    ('cityscapes-vps', lambda r: shutil.rmtree(str(r / 'val/panoptic_video')), 'no such folder.*vps_prepare.py'),
    ('cityscapes-vps', lambda r: first(r, 'val/img_all/5000_0005*').unlink(), 'no image for the label map'),
    ('cityscapes-vps', lambda r: shutil.rmtree(str(r / 'val/img_all')), 'img_all is no folder'),
    ('cityscapes-vps', lambda r: first(r, 'val/img_all/*').rename(r / 'val/img_all/x.png'), r'x\.png: file name is'),
    (
        'cityscapes-vps',
        lambda r: shutil.copy(
            str(first(r, 'val/img_all/*')), str(r / 'val/img_all/5000_9999_toystreet_000000_000000_newImg8bit.png')
        ),
        'frame 0 of video 5000 exists twice',
    ),
    ('cityscapes-vps', lambda r: put(r, PANOPTIC, GRAY), r'final_mask\.png: expected an 8-bit RGB panoptic map'),
]


@pytest.mark.parametrize('layout, spoil, message', BAD, ids=[f'{i}-{case[0]}' for i, case in enumerate(BAD)])
def test_bad_input_is_one_error_that_names_it(
    copy: Callable[[str], Path], layout: str, spoil: Callable[[Path], Any], message: str
) -> None:
    root = copy(layout)
    spoil(root)

    def load_labelled_frame() -> None:
        dataset = CLASSES[layout](LOAD, str(root), split='val', test_mode=True)
        dataset[next(i for i, record in enumerate(dataset.records) if record.annotation)]

    with pytest.raises((FileNotFoundError, ValueError), match=message):
        load_labelled_frame()


def test_training_on_cityscapes_vps_needs_every_label(copy: Callable[[str], Path]) -> None:
    root = copy('cityscapes-vps')
    shutil.copy(str(first(root, 'val/img/*')), str(root / 'train' / 'img'))
    with pytest.raises(FileNotFoundError, match='no such label map, but there is the image'):
        CityscapesVPSDataset([], str(root), split='train')


def test_toy_video_without_labelled_frame(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='needs at least 5 frames'):
        make_toy_videos(tmp_path / 'toy', 'cityscapes-vps', ToySpec(train=1, val=0, frames=4, height=48, width=96))
    assert list(tmp_path.iterdir()) == []
