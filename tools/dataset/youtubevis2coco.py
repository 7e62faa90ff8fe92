"""Convert the annotations of YouTube-VIS to one entry per object and frame, which the data set reads.

    python tools/dataset/youtubevis2coco.py -i data/youtube_vis_2019 -o data/youtube_vis_2019/annotations --version 2019

Reads INPUT/{train,valid,test}.json (2019) or INPUT/{train,valid,test}/instances.json (2021, 2022) and writes
OUTPUT/youtube_vis_<version>_{train,valid,test}.json. A subset whose json is absent is skipped and said so. Annotations
are kept wherever there are some, so that a validation set with ground truth can be scored here.
"""

import argparse
import json
import os.path as osp
import sys
from collections import Counter
from typing import Any, Dict, List, Optional, Sequence

sys.path.insert(0, osp.dirname(osp.dirname(osp.dirname(osp.abspath(__file__)))))

from tqdm import tqdm

from knet.labels import get_label_space
from knet.layouts.coco import match_categories, read_annotations
from knet.utils.cli import UsageError, add_debug_option, run_tool
from knet.utils.io import write_json_atomic

SUBSETS = ('train', 'valid', 'test')
LABEL_SPACES = {'2019': 'youtube_vis_2019', '2021': 'youtube_vis_2021', '2022': 'youtube_vis_2021'}


def source_path(folder: str, version: str, subset: str) -> str:
    """The official json of a subset."""
    return osp.join(folder, f'{subset}.json') if version == '2019' else osp.join(folder, subset, 'instances.json')


def check(data: Dict[str, Any], path: str) -> None:
    """Refuse annotations that contradict themselves.

    Raises:
        ValueError: If ids repeat, a track has no video or no category, or its
            length is not that of the video.
    """
    for what in ('videos', 'annotations'):
        twice = [number for number, count in Counter(entry['id'] for entry in data.get(what, [])).items() if count > 1]
        if twice:
            raise ValueError(f'{path}: id {twice[0]} is given to two {what}; ids must be unique.')
    lengths = {video['id']: len(video['file_names']) for video in data['videos']}
    empty = [number for number, length in lengths.items() if not length]
    if empty:
        raise ValueError(f'{path}: video {empty[0]} has no frames. Remove it.')
    known = {category['id'] for category in data['categories']}
    for ann in data.get('annotations') or []:
        if ann['video_id'] not in lengths:
            raise ValueError(f'{path}: annotation {ann["id"]} belongs to video {ann["video_id"]}, which is not listed.')
        if ann['category_id'] not in known:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has category {ann["category_id"]}, which is not among '
                'the categories of the file.'
            )
        for key in ('bboxes', 'areas', 'segmentations'):
            if len(ann[key]) != lengths[ann['video_id']]:
                raise ValueError(
                    f'{path}: annotation {ann["id"]} has {len(ann[key])} {key}, its video '
                    f'{ann["video_id"]} {lengths[ann["video_id"]]} frames.'
                )


def convert(data: Dict[str, Any], title: str) -> Dict[str, List[Dict[str, Any]]]:
    """One entry per frame, and per object and frame in which it is visible.

    Args:
        data: Content of the official json.
        title: Of the progress bar.

    Returns:
        ``categories``, ``videos``, ``images`` and, if there are any,
        ``annotations``; ids count from 1, an instance id belongs to one track.
    """
    result: Dict[str, List[Dict[str, Any]]] = dict(categories=data['categories'], videos=[], images=[])
    if data.get('annotations'):
        result['annotations'] = []
    tracks: Dict[int, List[Dict[str, Any]]] = {}
    for ann in data.get('annotations') or []:
        tracks.setdefault(ann['video_id'], []).append(ann)
    instances: Dict[int, int] = {}
    for video in tqdm(data['videos'], desc=title, unit='video', disable=None):
        result['videos'].append(dict(id=video['id'], name=video['file_names'][0].split('/')[0]))
        for frame, name in enumerate(video['file_names']):
            image_id = len(result['images']) + 1
            result['images'].append(
                dict(
                    file_name=name,
                    height=video['height'],
                    width=video['width'],
                    id=image_id,
                    frame_id=frame,
                    video_id=video['id'],
                )
            )
            for ann in tracks.get(video['id'], ()):
                if ann['bboxes'][frame] is not None:
                    result['annotations'].append(
                        dict(
                            id=len(result['annotations']) + 1,
                            video_id=video['id'],
                            image_id=image_id,
                            category_id=ann['category_id'],
                            instance_id=instances.setdefault(ann['id'], len(instances) + 1),
                            bbox=ann['bboxes'][frame],
                            segmentation=ann['segmentations'][frame],
                            area=ann['areas'][frame],
                            iscrowd=ann.get('iscrowd', 0),
                        )
                    )
    return result


def describe(result: Dict[str, List[Dict[str, Any]]]) -> str:
    """Counts, and which categories have no object."""
    annotations = result.get('annotations')
    text = f'{len(result["videos"])} videos, {len(result["images"])} frames, '
    if annotations is None:
        return text + 'no annotations'
    tracks = {ann['instance_id']: ann['category_id'] for ann in annotations}
    absent = [category['name'] for category in result['categories'] if category['id'] not in set(tracks.values())]
    text += f'{len(tracks)} tracks, {len(annotations)} objects in frames'
    if not absent:
        return text + ', all categories'
    return text + (
        f'; {len(absent)} of {len(result["categories"])} categories have none: '
        + ', '.join(absent[:5])
        + (', ...' if len(absent) > 5 else '')
    )


def convert_subset(args: argparse.Namespace, subset: str) -> bool:
    """Convert one subset; False if its json is absent."""
    path = source_path(args.input, args.version, subset)
    target = osp.join(args.output, f'youtube_vis_{args.version}_{subset}.json')
    if not osp.isfile(path):
        print(f'{subset}: skipped, there is no {path}')
        return False
    if osp.isfile(target) and osp.getmtime(target) >= osp.getmtime(path):
        print(f'{subset}: {target} is there already')
        return True
    data = read_annotations(path, ('videos', 'categories') + (('annotations',) if subset == 'train' else ()))
    match_categories(data['categories'], get_label_space(LABEL_SPACES[args.version]).things, path)
    check(data, path)
    result = convert(data, subset)
    if not args.dry_run:
        write_json_atomic(target, result, indent=None)
    print(f'{subset}: {describe(result)}; {"would go" if args.dry_run else "written"} to {target}')
    return True


def count_missing(args: argparse.Namespace, subset: str) -> int:
    """Say how many frames of a subset are not in INPUT/<subset>/JPEGImages; 0 if the folder is elsewhere."""
    folder = osp.join(args.input, subset, 'JPEGImages')
    path = source_path(args.input, args.version, subset)
    if not osp.isdir(folder) or not osp.isfile(path):
        return 0
    with open(path, encoding='utf-8') as file:
        names = [name for video in json.load(file)['videos'] for name in video['file_names']]
    missing = [name for name in names if not osp.isfile(osp.join(folder, name))]
    if missing:
        print(f'{subset}: {len(missing)} of {len(names)} frames are missing in {folder}, the first is {missing[0]}')
    return len(missing)


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-i', '--input', required=True, help='folder of the official json files')
    parser.add_argument('-o', '--output', required=True, help='folder for the converted ones')
    parser.add_argument('--version', choices=sorted(LABEL_SPACES), default='2019', help='default: %(default)s')
    parser.add_argument('--dry-run', action='store_true', help='check and count, write nothing')
    add_debug_option(parser)
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    done = [subset for subset in SUBSETS if convert_subset(args, subset)]
    if not done:
        raise UsageError(
            f'{args.input} has none of '
            f'{", ".join(source_path(args.input, args.version, s) for s in SUBSETS)}; give the folder of '
            f'the official files with -i, and --version {"2021" if args.version == "2019" else "2019"} '
            'if it is of the other year'
        )
    return 1 if sum(count_missing(args, subset) for subset in done) else 0


if __name__ == '__main__':
    run_tool(main)
