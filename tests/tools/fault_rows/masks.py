"""Faults of masks and of json annotations: COCO, YouTube-VIS, and the results that are compared with them."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List

from mmdet.datasets.pipelines import LoadAnnotations

from knet.datasets import CocoInstanceDataset, CocoPanopticDatasetCustom
from knet.layouts.coco import encode_mask
from knet.layouts.coco_video import index_videos
from knet.layouts.youtube_vis import read_ground_truth
from tests.datasets.coco_mini import as_instances, make_coco, perfect
from tests.tools.world import World
from tests.vis.vis_mini import SEDAN, mask_of, official, uncompressed
from tests.vis.vis_mini import perfect as perfect_tracks

from .row import Row

FILES = dict(ins_ann='annotations/instances_val2017.json', panoptic_ann='annotations/panoptic_val2017.json')
EVAL = '../tools_vis/eval_vis.py'
CONVERT = 'dataset/youtubevis2coco.py'
Change = Callable[[Dict[str, Any]], Any]


# ---------------------------------------------------------------- COCO
def instances(change: Change, test_mode: bool = False) -> Callable[[World], Callable[[], CocoInstanceDataset]]:
    """Return what makes the data set of the two images, after something was done to their json."""

    def make(world: World) -> Callable[[], CocoInstanceDataset]:
        root = make_coco(world.tmp / 'coco', lambda instances, _: change(instances))
        return lambda: CocoInstanceDataset(
            FILES['ins_ann'], [], data_root=str(root), img_prefix='val2017', test_mode=test_mode
        )

    return make


def panoptic(change: Callable[[Dict[str, Any], Dict[str, Any]], Any]) -> Callable[[World], Callable[[], Any]]:
    """Return what scores perfect predictions of the two images, after something was done to both json files."""

    def make(world: World) -> Callable[[], Any]:
        root = make_coco(world.tmp / 'coco', change)
        move_images(root)

        def score() -> Dict[str, float]:
            dataset = CocoPanopticDatasetCustom(
                FILES, [], 'panoptic_val2017', data_root=str(root), img_prefix='val2017', test_mode=True
            )
            found = [dataset.pre_eval(prediction, index) for index, prediction in enumerate(perfect())]
            return dataset.evaluate(found, ['PQ', 'segm'], jsonfile_prefix=str(world.tmp / 'out/results'))

        return score

    return make


def move_images(root: Path) -> None:
    """Put the two images where their json says they are."""
    for kind, folder in ((FILES['ins_ann'], 'val2017'), (FILES['panoptic_ann'], 'panoptic_val2017')):
        data = json.loads((root / kind).read_text())
        for entry, number in zip(data['images'] if folder == 'val2017' else data['annotations'], (7, 9)):
            target = root / folder / entry['file_name']
            target.parent.mkdir(parents=True, exist_ok=True)
            (root / folder / f'{number:012d}.png').rename(target)


def renamed(*names: str) -> Callable[[Dict[str, Any], Dict[str, Any]], None]:
    """Give the two images other names."""

    def rename(instances: Dict[str, Any], panoptic: Dict[str, Any]) -> None:
        for image, ann, name in zip(instances['images'], panoptic['annotations'], names):
            image['file_name'], ann['file_name'] = name, str(Path(name).with_suffix('.png'))

    return rename


def bare(instances: Dict[str, Any], panoptic: Dict[str, Any]) -> None:
    """Take away what is not needed to understand the files; the instances of the crowd go."""
    instances['annotations'] = [ann for ann in instances['annotations'] if not ann['iscrowd']]
    for entry in [*instances['annotations'], *(s for ann in panoptic['annotations'] for s in ann['segments_info'])]:
        for key in ('area', 'bbox', *(() if entry['iscrowd'] else ('iscrowd',))):
            del entry[key]
    for category in [*instances['categories'], *panoptic['categories']]:
        del category['isthing']


def mask(segmentation: Any) -> Change:
    """Give the car another segmentation."""
    return lambda data: data['annotations'][0].update(segmentation=segmentation)


def coco(fault: str, segmentation: Any, error: str) -> Row:
    """Return the row of a mask that is refused when the data set is made."""
    named = f'instances_val2017.json: the mask of annotation 1 .*{error}'
    return Row(fault, instances(mask(segmentation)), error=named)


def car(data: CocoInstanceDataset) -> Dict[str, Any]:
    """Return what is trained on the first image, with its masks."""
    sample = dict(ann_info=data.get_ann_info(0), img_info=data.data_infos[0], bbox_fields=[], mask_fields=[])
    return LoadAnnotations(with_bbox=True, with_mask=True)(sample)


def labels_are(*labels: int) -> Callable[[World, Any], None]:
    return lambda _, data: eq(car(data)['gt_labels'].tolist(), list(labels))


def whole_car(_: World, data: CocoInstanceDataset) -> None:
    """Expect the car with its box and its 200 pixels."""
    sample = car(data)
    eq(sample['gt_bboxes'][0].tolist(), [5, 22, 25, 32])
    eq(sample['gt_masks'].areas.tolist(), [200, 96])


def eq(found: Any, expected: Any) -> None:
    assert found == expected, f'{found} instead of {expected}'


def all_right(world: World, scores: Dict[str, float]) -> None:
    eq((scores['PQ'], scores['segm_mAP']), (1.0, 1.0))
    eq(len(list((world.tmp / 'out/results.panoptic').rglob('*.png'))), 2)


def count_from_zero(data: Dict[str, Any]) -> None:
    for number, ann in enumerate(data['annotations']):
        ann['id'] = number


def all_found(_: World, data: CocoInstanceDataset) -> None:
    """Expect that perfect predictions get the best score."""
    eq(data.evaluate([data.pre_eval(as_instances(p), i) for i, p in enumerate(perfect())])['segm_mAP'], 1.0)


def no_box(*boxes: Any) -> Change:
    """Take the box of the car away, or give it an empty one."""
    return lambda data: data['annotations'][0].update(bbox=boxes[0]) if boxes else data['annotations'][0].pop('bbox')


def stuff(*names: str) -> Callable[[World], List[Any]]:
    """Return the command that makes the stuff maps of two images of these names."""

    def make(world: World) -> List[Any]:
        def rename(instances: Dict[str, Any], panoptic: Dict[str, Any]) -> None:
            renamed(*names)(instances, panoptic)
            panoptic['images'] = instances['images']
            panoptic['annotations'][1]['file_name'] = 'second.png'

        move_images(make_coco(world.tmp / 'coco', rename))
        return [
            'dataset/coco_panoptic_stuff.py',
            '--src',
            world.tmp / 'coco',
            '--dst',
            world.tmp / 'out',
            '--splits',
            'val2017',
            '--nproc',
            '1',
        ]

    return make


def maps_are(*names: str) -> Callable[[World, Any], None]:
    def check(world: World, _: Any) -> None:
        folder = world.tmp / 'out/panoptic_stuff_val2017'
        eq(sorted(str(path.relative_to(folder)) for path in folder.rglob('*.png')), sorted(names))

    return check


# ---------------------------------------------------------------- YouTube-VIS
def truth(world: World, change: Change) -> Path:
    """Write the small videos in the official form, after something was done to them."""
    data = official()
    change(data)
    return world.file('train.json', json.dumps(data))


def convert(fault: str, change: Change, **outcome: Any) -> Row:
    """Return a row of the converter."""

    def make(world: World) -> List[Any]:
        truth(world, change)
        return [CONVERT, '-i', world.tmp, '-o', world.tmp / 'out']

    return Row(fault, make, **outcome)


def results(fault: str, change: Callable[[List[Dict[str, Any]]], Any], *options: str, **outcome: Any) -> Row:
    """Return a row of the evaluator on spoiled results."""

    def make(world: World) -> List[Any]:
        records = perfect_tracks()
        change(records)
        return [EVAL, world.file('results.json', json.dumps(records)), truth(world, lambda _: None), *options]

    return Row(fault, make, **outcome)


def track_mask(segmentation: Any) -> Change:
    """Give the sedan of video 3 another mask in its frame 1."""
    return lambda data: data['annotations'][1]['segmentations'].__setitem__(1, segmentation)


def found_mask(counts: str) -> Callable[[List[Dict[str, Any]]], None]:
    """Give the predicted sedan of video 3 other run lengths in its frame 1."""
    return lambda records: records[1]['segmentations'][1].update(counts=counts)


def objects_are(number: int) -> Callable[[World, str], None]:
    """Expect so many objects in frames, the first with the box and the area of its mask."""

    def check(world: World, output: str) -> None:
        annotations = converted(world)['annotations']
        eq(len(annotations), number)
        assert all(ann['area'] > 0 and min(ann['bbox'][2:]) > 0 and ann['segmentation'] for ann in annotations)
        eq((annotations[0]['bbox'], annotations[0]['area']), ([4, 4, 10, 20], 200))

    return check


def converted(world: World) -> Dict[str, Any]:
    return json.loads((world.tmp / 'out/youtube_vis_2019_train.json').read_text())


def without(*keys: str) -> Change:
    return lambda data: [ann.pop(key) for ann in data['annotations'] for key in keys]


def nested(data: Dict[str, Any]) -> None:
    for video in data['videos']:
        video['file_names'] = [f'clips/{name}' for name in video['file_names']]


def second_sedan(data: Dict[str, Any]) -> None:
    data['categories'].append(dict(id=41, name='sedan'))
    data['annotations'][1]['category_id'] = 41


def crowded(world: World) -> List[Any]:
    """Write a video of 60 sedans in 6 frames: 360 masks of one class."""
    data = official()
    masks = [mask_of((i % 6 * 8, i // 6 * 6, i % 6 * 8 + 6, i // 6 * 6 + 4)) for i in range(60)]
    data['annotations'] = [
        dict(id=i + 1, video_id=9, category_id=SEDAN, iscrowd=0, segmentations=[uncompressed(m)] * 6)
        for i, m in enumerate(masks)
    ]
    records = [dict(video_id=9, score=0.9, category_id=SEDAN, segmentations=[encode_mask(m)] * 6) for m in masks]
    return [EVAL, world.file('results.json', json.dumps(records)), world.file('gt.json', json.dumps(data))]


def scored(text: str) -> Callable[[World, str], None]:
    def check(_: World, output: str) -> None:
        assert text in output, output

    return check


def per_frame_without_measures(world: World) -> Callable[[], Any]:
    """Read a json with an entry per frame whose objects have neither box nor area, nor is each visible."""
    images = [dict(id=i, video_id=1, frame_id=i - 1, file_name=f'{i}.jpg', height=48, width=64) for i in (1, 2)]
    masks = [encode_mask(mask_of((4, 4, 24, 14))), []]
    annotations = [
        dict(id=i, image_id=i, category_id=1, instance_id=5, segmentation=code) for i, code in enumerate(masks, 1)
    ]
    data = dict(videos=[dict(id=1)], images=images, annotations=annotations)
    return lambda: index_videos(data, [1], 'f.json')[0].frames


def first_frame_only(_: World, frames: Any) -> None:
    eq([len(frame.annotations) for frame in frames], [1, 0])
    eq((frames[0].annotations[0]['bbox'], frames[0].annotations[0]['area']), ([4, 4, 10, 20], 200))


def reading(name: str, content: str) -> Callable[[World], List[Any]]:
    """Return the command that scores a results file with this content."""
    return lambda w: [EVAL, w.file(name, content), truth(w, lambda _: None)]


FAR = [[5.0, 5.0, 1e12, 5.0, 9.0, 9.0]]
ROWS = [
    coco(
        'a mask of another size than its image',
        dict(size=[60, 40], counts=[2400]),
        r'is \(60, 40\), its image \(40, 60\)',
    ),
    coco('run lengths that do not add up', dict(size=[40, 60], counts=[7, 20]), 'sum 27, its image 40 x 60'),
    coco('negative run lengths', dict(size=[40, 60], counts=[-7, 2407]), 'negative run lengths'),
    coco('a text of run lengths that is cut', dict(size=[40, 60], counts='o'), 'no run lengths of pycocotools'),
    coco('a polygon with NaN', [[5, 5, 9, 5, 9, float('nan')]], 'no finite number'),
    coco('a polygon that reaches to 1e12', FAR, 'far outside of its image of 40 x 60'),
    coco('a polygon on a picture of three times the size', [[90, 70, 170, 70, 170, 110]], 'have one scale'),
    coco('a polygon of two points', [[5, 5, 9, 5]], 'three points or more'),
    coco('a polygon as flat list', [5, 5, 9, 5, 9, 9], 'flat list'),
    coco('a text instead of a mask', 'mask.png', 'another form'),
    Row('an object that is not visible: []', instances(mask([])), expect=labels_are(0)),
    Row('an object that is not visible: null', instances(mask(None)), expect=labels_are(0)),
    Row('an object without a box', instances(no_box()), expect=whole_car),
    Row('an object with an empty box', instances(no_box([0, 0, 0, 0])), expect=whole_car),
    Row(
        'an object with the area null',
        instances(lambda data: data['annotations'][0].update(area=None)),
        expect=whole_car,
    ),
    Row(
        'an object with the area 0 and a mask of 200 pixels',
        instances(lambda data: data['annotations'][0].update(area=0)),
        expect=whole_car,
    ),
    Row(
        'a box of three numbers',
        instances(no_box([5, 22, 20])),
        error='instances_val2017.json: annotation 1 has bbox .*four numbers',
    ),
    Row(
        'an image without height',
        instances(lambda data: data['images'][0].pop('height')),
        error='instances_val2017.json: image number 0 lacks one of id, file_name, height, width',
    ),
    Row(
        'a category whose id is a text',
        instances(lambda data: data['categories'][0].update(id='1')),
        error="instances_val2017.json: category 1 has id '1', which is not an integer",
    ),
    Row(
        'two categories of one name',
        instances(lambda data: data['categories'].append(dict(id=500, name='car'))),
        error="instances_val2017.json: two categories are called 'car'.*another name",
    ),
    Row('annotations that count from 0', instances(count_from_zero, test_mode=True), expect=all_found),
    Row('images with equal base names', panoptic(renamed('a/1.png', 'b/1.png')), expect=all_right),
    Row('names with dots', panoptic(renamed('a.b.png', 'a.c.png')), expect=all_right),
    Row('test files with nothing but masks', panoptic(bare), expect=all_right),
    Row(
        'a segment twice in one image',
        panoptic(lambda _, p: p['annotations'][0]['segments_info'][1].update(id=1)),
        error='panoptic_val2017.json: two segments of image 7 have the same id',
    ),
    Row('stuff maps of equal base names', stuff('a/1.b.jpg', 'b/1.b.jpg'), expect=maps_are('a/1.b.png', 'b/1.b.png')),
    Row('two images with one stuff map', stuff('1.jpg', '1.png'), error='two images would have the map .*1.png'),
    convert(
        'a track with a mask but without a box',
        lambda data: data['annotations'][0]['bboxes'].__setitem__(0, None),
        expect=objects_are(6),
    ),
    convert('tracks without boxes and areas', without('bboxes', 'areas'), expect=objects_are(6)),
    convert(
        'a track with areas of 0',
        lambda data: data['annotations'][0].update(areas=[0, 0.0, None]),
        expect=objects_are(6),
    ),
    convert('a frame of a track with [] as mask', track_mask([]), expect=objects_are(5)),
    convert(
        'a track with a mask of wrong runs',
        track_mask(dict(size=[48, 64], counts=[9])),
        error='train.json: the mask of annotation 2 in frame 1 .*sum 9',
    ),
    convert(
        'a track with a wild polygon',
        track_mask(FAR),
        error='train.json: the mask of annotation 2 in frame 1 .*far outside',
    ),
    convert('tracks of two categories of one name', second_sedan, error="json: two categories are called 'sedan'"),
    Row(
        'the score of tracks of two categories of one name',
        lambda w: [EVAL, w.file('results.json', json.dumps(perfect_tracks())), truth(w, second_sedan)],
        error="train.json: two categories are called 'sedan'",
    ),
    convert(
        'videos in nested folders',
        nested,
        expect=lambda w, _: eq([v['name'] for v in converted(w)['videos']], ['clips/v03', 'clips/v08', 'clips/v09']),
    ),
    Row('objects of frames without boxes and areas', per_frame_without_measures, expect=first_frame_only),
    Row('more than 255 masks of one class in a video', crowded, expect=scored('100.00')),
    results('results with wrong run lengths', found_mask('0P1'), error='track 1: frame 1: the mask has '),
    results('results with a cut mask', found_mask('o'), '--validate', error='track 1: frame 1: the mask has "counts"'),
    results(
        'results of a video that is a list',
        lambda r: r[0].update(video_id=[3]),
        error=r'track 0: video_id \[3\] is not',
    ),
    Row('results that are no json', reading('results.json', '[{'), error='results.json: damaged results'),
    Row('results that are no zip', reading('results.zip', 'PK'), error='results.zip: damaged results'),
    Row('results of one object', reading('results.json', '{}'), error='must be a list of tracks'),
    Row(
        'ground truth with a mask of another size',
        lambda w: partial(read_ground_truth, truth(w, track_mask(dict(size=[64, 48], counts=[3072])))),
        error=r'train.json: the mask of annotation 2 in frame 1 is \(64, 48\), its image \(48, 64\)',
    ),
]
