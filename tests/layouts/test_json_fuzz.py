"""Spoilt json files: a reader takes them or names the file in one error, and what it takes is usable."""

import copy
import json
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.datasets.pipelines import LoadAnnotations
from pycocotools import mask as mask_api

from knet.datasets import CocoInstanceDataset, CocoPanopticDatasetCustom
from knet.evaluation.metric import score
from knet.evaluation.vis_ap import VisAveragePrecision
from knet.labels import ClassInfo, LabelSpace
from knet.layouts.coco import encode_mask, ids_to_rgb, match_categories, read_annotations
from knet.layouts.coco_video import index_videos, per_frame
from knet.layouts.segments import check_panoptic
from knet.layouts.youtube_vis import complete_tracks, read_ground_truth
from knet.results.run_folder import read_object
from knet.results.track_store import TrackPredictions, read_results
from knet.structures import PanopticPrediction
from knet.utils.io import write_png_atomic

SPACE = LabelSpace(
    'zoo',
    [
        ClassInfo('ape', (9, 9, 9), True, 0),
        ClassInfo('bear', (99, 9, 9), True, 2),
        ClassInfo('grass', (0, 99, 0), False, 5),
    ],
)
SIZE = (6, 8)
RUNS = dict(size=list(SIZE), counts=[13, 3, 3, 3, 3, 3, 3, 3, 3, 3, 8])
BOX = np.zeros(SIZE, dtype=bool)
BOX[1:4, 2:7] = True
CATEGORIES = [dict(id=3, name='ape'), dict(id=4, name='bear')]


def instances() -> Dict[str, Any]:
    forms = [encode_mask(BOX), RUNS, [[2, 1, 7, 1, 7, 4, 2, 4]], []]
    return dict(
        images=[dict(id=i, file_name=f'{i}.png', height=SIZE[0], width=SIZE[1]) for i in (1, 2)],
        annotations=[
            dict(
                id=i,
                image_id=1 + i % 2,
                category_id=3 + i % 2,
                segmentation=form,
                bbox=[2, 1, 5, 3],
                area=15,
                iscrowd=0,
            )
            for i, form in enumerate(forms)
        ],
        categories=[dict(category) for category in CATEGORIES],
    )


def panoptic() -> Dict[str, Any]:
    segments = [dict(id=1, category_id=3, iscrowd=0, area=15), dict(id=2, category_id=5, iscrowd=0, area=33)]
    return dict(
        images=[dict(id=i, file_name=f'{i}.png') for i in (1, 2)],
        annotations=[dict(image_id=i, file_name=f'{i}.png', segments_info=[dict(s) for s in segments]) for i in (1, 2)],
        categories=[*(dict(c, isthing=1) for c in CATEGORIES), dict(id=5, name='grass', isthing=0)],
    )


def official() -> Dict[str, Any]:
    return dict(
        videos=[
            dict(id=v, height=SIZE[0], width=SIZE[1], length=v, file_names=[f'v{v}/{f}.jpg' for f in range(v)])
            for v in (1, 2)
        ],
        annotations=[
            dict(
                id=v,
                video_id=v,
                category_id=2 + v,
                iscrowd=0,
                segmentations=[RUNS, None][:v],
                bboxes=[[2, 1, 5, 3], None][:v],
                areas=[15, None][:v],
            )
            for v in (1, 2)
        ],
        categories=[dict(category) for category in CATEGORIES],
    )


def results() -> List[Dict[str, Any]]:
    return [dict(video_id=v, score=0.5, category_id=2 + v, segmentations=[encode_mask(BOX), None][:v]) for v in (1, 2)]


# ---------------------------------------------------------------- spoiling
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 9),
        st.integers(),
        st.floats(),
        st.text(max_size=6),
        st.sampled_from([1e12, 10**30, '../x.png', [[1, 2, 3, 4]], RUNS, [[1, 1, 4, 1, 4, 1e9]]]),
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=4), children, max_size=2),
    max_leaves=5,
)
#: Where to go in a document, what to do there, and a value.
spoilings = st.lists(
    st.tuples(
        st.lists(st.integers(0, 200), min_size=1, max_size=6), st.sampled_from(['replace', 'remove', 'repeat']), values
    ),
    min_size=0,
    max_size=2,
)


def spoil(document: Any, changes: List[Any]) -> Any:
    """Change a document at some places."""
    holder = [copy.deepcopy(document)]
    for path, change, value in changes:
        node: Any = holder
        key: Any = 0
        for step in path:
            inner = node[key]
            if not isinstance(inner, (dict, list)) or not inner:
                break
            node, key = inner, (sorted(inner)[step % len(inner)] if isinstance(inner, dict) else step % len(inner))
        if change == 'replace' or node is holder:
            node[key] = copy.deepcopy(value)
        elif change == 'remove':
            del node[key]
        elif isinstance(node, list):
            node.append(copy.deepcopy(node[key]))
    return holder[0]


@pytest.fixture(scope='module')
def folder() -> Iterator[Path]:
    """Return a folder with the pictures of two images, for the files of all examples."""
    with tempfile.TemporaryDirectory() as name:
        for image in (1, 2):
            write_png_atomic(Path(name, f'img/{image}.png'), np.zeros((*SIZE, 3), np.uint8))
            write_png_atomic(Path(name, f'pan/{image}.png'), ids_to_rgb(np.where(BOX, 1, 2)))
        yield Path(name)


def reads_or_names(path: Path, content: Any, read: Callable[[Path], Any]) -> None:
    """Write a file and read it; the only errors are the two clear ones, with the name of the file."""
    path.write_text(json.dumps(content))
    text = error_of(read, path)
    assert not text or (path.name in text and len(text) < 1000), text


def error_of(read: Callable[[Path], Any], path: Path) -> str:
    """Return the text of the clear error that a reader raises, nothing if it raises none."""
    try:
        read(path)
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return ''


@settings(max_examples=200, deadline=None)
@given(spoilings)
def test_instances(folder: Path, changes: List[Any]) -> None:
    def read(path: Path) -> None:
        dataset = CocoInstanceDataset(str(path), [], SPACE, img_prefix=str(folder / 'img'), filter_empty_gt=False)
        for index in range(len(dataset)):
            info = dict(
                ann_info=dataset.get_ann_info(index), img_info=dataset.data_infos[index], bbox_fields=[], mask_fields=[]
            )
            height, width = (dataset.data_infos[index][side] for side in ('height', 'width'))
            if height * width < 10**4:
                assert LoadAnnotations(with_mask=True)(info)['gt_masks'].masks.shape[1:] == (height, width)
        for ann in dataset.coco.dataset['annotations']:
            image = dataset.coco.imgs[ann['image_id']]
            if image['height'] * image['width'] < 10**4:
                assert dataset.coco.annToMask(ann).shape == (image['height'], image['width'])
                assert {'bbox', 'area', 'iscrowd'} <= set(ann)

    reads_or_names(folder / 'instances.json', spoil(instances(), changes), read)


@settings(max_examples=50, deadline=None)
@given(spoilings)
def test_panoptic(folder: Path, changes: List[Any]) -> None:
    (folder / 'things.json').write_text(json.dumps(instances()))

    def read(path: Path) -> None:
        files = dict(ins_ann=str(folder / 'things.json'), panoptic_ann=str(path))
        dataset = CocoPanopticDatasetCustom(
            files, [], str(folder / 'pan'), label_space=SPACE, img_prefix=str(folder / 'img'), test_mode=True
        )
        empty = np.zeros(SIZE, dtype=np.int32)
        nothing = PanopticPrediction(np.full(SIZE, 255, np.uint8), empty, empty, [])
        found = [dataset.pre_eval(nothing, index) for index in range(len(dataset))]
        if all(len(ann['segments_info']) == 2 for ann in dataset.panoptic_annotations):
            dataset.evaluate(found, metric=['PQ', 'segm'], logger='silent')
        check_panoptic(read_annotations(path, ('categories', 'annotations')), path)

    reads_or_names(folder / 'panoptic.json', spoil(panoptic(), changes), read)


@settings(max_examples=200, deadline=None)
@given(spoilings)
def test_tracks(folder: Path, changes: List[Any]) -> None:
    def read(path: Path) -> None:
        truth = read_ground_truth(path)
        for video, tracks in truth.tracks.items():
            length, size = truth.videos[video]
            for track in tracks:
                assert len(track['segmentations']) == length
                for mask in track['segmentations']:
                    assert mask is None or size[0] * size[1] > 10**4 or mask_api.decode(mask).shape == size
        score(VisAveragePrecision(truth.categories), TrackPredictions([]), truth)

    reads_or_names(folder / 'official.json', spoil(official(), changes), read)


@settings(max_examples=180, deadline=None)
@given(spoilings)
def test_the_converter(folder: Path, changes: List[Any]) -> None:
    """What the converter makes of a file is a valid file."""

    def read(path: Path) -> None:
        data = read_annotations(path, ('videos', 'categories'), ('annotations',))
        category_ids = list(match_categories(data['categories'], SPACE.things, path).values())
        complete_tracks(data, path)
        converted = per_frame(data)
        converted.setdefault('annotations', [])
        videos = index_videos(json.loads(json.dumps(converted)), category_ids, path)
        assert sorted(video.id for video in videos) == sorted(video['id'] for video in data['videos'])

    reads_or_names(folder / 'train.json', spoil(official(), changes), read)


@settings(max_examples=180, deadline=None)
@given(spoilings)
def test_frames_of_videos(folder: Path, changes: List[Any]) -> None:
    data = official()
    data['annotations'].append(dict(id=3, video_id=2, category_id=4, segmentations=[None, None]))
    data = json.loads(json.dumps(data))
    complete_tracks(data, 'official.json')
    converted = json.loads(json.dumps(per_frame(data)))

    def read(path: Path) -> None:
        truth = read_ground_truth(path)
        score(VisAveragePrecision(truth.categories), TrackPredictions([]), truth)

    reads_or_names(folder / 'converted.json', spoil(converted, changes), read)


@settings(max_examples=180, deadline=None)
@given(spoilings)
def test_results(folder: Path, changes: List[Any]) -> None:
    (folder / 'truth.json').write_text(json.dumps(official()))
    truth = read_ground_truth(folder / 'truth.json')

    def read(path: Path) -> None:
        predictions = TrackPredictions(read_results(path), str(path))
        score(VisAveragePrecision(truth.categories), predictions, truth)

    reads_or_names(folder / 'results.json', spoil(results(), changes), read)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_bytes(folder: Path, content: bytes) -> None:
    """Files that are no json at all, and zip files that are none."""
    for name, read in (
        ('a.json', lambda path: read_annotations(path, ('images',))),
        ('r.json', read_results),
        ('r.zip', read_results),
        ('m.json', read_object),
    ):
        path = folder / name
        path.write_bytes(content)
        text = error_of(read, path)
        assert not text or name in text, text
