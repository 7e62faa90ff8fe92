"""Convert the annotations of YouTube-VIS to one entry per object and frame, which the data set reads.

    python tools/dataset/youtubevis2coco.py -i data/youtube_vis_2019 -o data/youtube_vis_2019/annotations --version 2019

Reads INPUT/{train,valid,test}.json (2019) or INPUT/{train,valid,test}/instances.json (2021, 2022) and writes
OUTPUT/youtube_vis_<version>_{train,valid,test}.json. A subset whose json is absent is skipped and said so; so is one
whose conversion is there already, unless the json is another one now. Annotations are kept wherever there are some, so
that a validation set with ground truth can be scored here.

Videos with other classes: --label-space NAME|FILE.json, which may be the json itself.
"""

import argparse
import hashlib
import os.path as osp
from typing import Any, Dict, List, Optional, Sequence

import _repository  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.labels import get_label_space
from knet.layouts.coco import match_categories, read_annotations
from knet.layouts.coco_video import per_frame
from knet.layouts.youtube_vis import LABEL_SPACES, SUBSETS, complete_tracks, converted_name, image_folder, official_file
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, asked_label_space, run_tool
from knet.utils.io import read_bytes, read_json, write_json_atomic


def describe(result: Dict[str, List[Dict[str, Any]]]) -> str:
    """Return counts, and which categories have no object."""
    annotations = result.get('annotations')
    text = f'{len(result["videos"])} videos, {len(result["images"])} frames, '
    if annotations is None:
        return text + 'no annotations'
    tracks = {ann['instance_id']: ann['category_id'] for ann in annotations}
    absent = [category['name'] for category in result['categories'] if category['id'] not in set(tracks.values())]
    unseen = sum(len(video.get('unseen_tracks', ())) for video in result['videos'])
    text += f'{len(tracks)} tracks, {len(annotations)} objects in frames'
    text += f', {unseen} tracks that are in no frame' if unseen else ''
    if not absent:
        return text + ', all categories'
    return text + (
        f'; {len(absent)} of {len(result["categories"])} categories have none: '
        + ', '.join(absent[:5])
        + (', ...' if len(absent) > 5 else '')
    )


def identify(path: str) -> Dict[str, Any]:
    """Return size in bytes and hash of a json, which its conversion keeps."""
    content = read_bytes(path, 'annotation')
    return dict(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def is_current(target: str, path: str, source: Dict[str, Any]) -> bool:
    """Whether a file is the conversion of a json.

    Args:
        target: Where the conversion belongs.
        path: The json.
        source: What :func:`identify` says of it.
    """
    if not osp.isfile(target):
        return False
    try:
        info = read_json(target).get('info')
    except ValueError:
        return False
    if isinstance(info, dict) and 'source' in info:
        return info['source'] == source
    # Earlier conversions do not say what they were made of.
    return osp.getmtime(target) >= osp.getmtime(path)


def convert_subset(args: argparse.Namespace, subset: str) -> bool:
    """Convert one subset; False if its json is absent."""
    path = official_file(args.input, args.version, subset)
    target = osp.join(args.output, converted_name(args.version, subset))
    if not osp.isfile(path):
        print(f'{subset}: skipped, there is no {path}')
        return False
    source = identify(path)
    if is_current(target, path, source):
        print(f'{subset}: {target} is there already')
        return True
    data = read_annotations(
        path, ('videos', 'categories') + (('annotations',) if subset == 'train' else ()), ('annotations',)
    )
    space = asked_label_space(args) or get_label_space(LABEL_SPACES[args.version])
    match_categories(data['categories'], space.things, path, space.left_out)
    complete_tracks(data, path)
    with tqdm(total=len(data['videos']), desc=subset, unit='video', disable=None) as bar:
        result = per_frame(data, bar.update)
    if not args.dry_run:
        write_json_atomic(target, dict(info=dict(source=source), **result), indent=None)
    print(f'{subset}: {describe(result)}; {"would go" if args.dry_run else "written"} to {target}')
    return True


def count_missing(args: argparse.Namespace, subset: str) -> int:
    """Say how many frames of a subset are not in INPUT/<subset>/JPEGImages; 0 if the folder is elsewhere."""
    folder = image_folder(args.input, subset)
    path = official_file(args.input, args.version, subset)
    if not osp.isdir(folder) or not osp.isfile(path):
        return 0
    names = [name for video in read_annotations(path, ('videos',))['videos'] for name in video.get('file_names', ())]
    missing = [name for name in names if not osp.isfile(osp.join(folder, name))]
    if missing:
        print(f'{subset}: {len(missing)} of {len(names)} frames are missing in {folder}, the first is {missing[0]}')
    return len(missing)


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--src', '-i', '--input', dest='input', required=True, help='folder of the official json files')
    parser.add_argument(
        '--out-dir', '-o', '--output', dest='output', required=True, help='folder for the converted ones'
    )
    parser.add_argument('--version', choices=sorted(LABEL_SPACES), default='2019', help='default: %(default)s')
    add_label_space_option(parser, 'those of the version')
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
            f'{", ".join(official_file(args.input, args.version, s) for s in SUBSETS)}; give the folder of '
            f'the official files with -i, and --version {"2021" if args.version == "2019" else "2019"} '
            'if it is of the other year'
        )
    return 1 if sum(count_missing(args, subset) for subset in done) else 0


if __name__ == '__main__':
    run_tool(main)
