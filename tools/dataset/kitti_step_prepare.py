"""Lay out the KITTI-STEP downloads the way the data set reads them.

Needed are the images of KITTI tracking (``training/image_02/SSSS/FFFFFF.png``,
``testing/image_02/...``) and the label maps of KITTI-STEP
(``panoptic_maps/{train,val}/SSSS/FFFFFF.png`` or ``training/panoptic/SSSS/...``).
Every archive may lie in its own folder:

    python tools/dataset/kitti_step_prepare.py --src downloads/kitti downloads/kitti-step --out-dir data/kitti-step
"""

import argparse
import os
import os.path as osp
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import _repository  # noqa: F401  puts the repository on the path
from _placing import Item, add_splits_option, converter_parser, count_done, place, report_problems

from knet.layouts.kitti_step import SEQUENCES, KittiStepGroundTruth, file_name, parse_name, split_folder
from knet.utils.cli import run_tool

#: Labelled frames of the release.
EXPECTED = dict(train=5027, val=2981)
IMAGE_FOLDERS = dict(train=('training/image_02',), val=('training/image_02',), test=('testing/image_02',))
PANOPTIC_FOLDERS = ('panoptic_maps/{split}', 'panoptic/{split}', 'training/panoptic', 'panoptic')


class Plan(NamedTuple):
    """What a split consists of, and what it lacks."""

    items: List[Item]
    frames: int
    problems: List[str]


def stems(folder: Optional[str]) -> Dict[int, str]:
    """PNG files of a folder by frame number; empty if there is no folder."""
    if folder is None or not osp.isdir(folder):
        return {}
    names = [name for name in os.listdir(folder) if name.endswith('.png') and name[:-4].isdigit()]
    return {int(name[:-4]): osp.join(folder, name) for name in names}


def find_sequence(sources: Sequence[str], folders: Sequence[str], split: str, sequence: int) -> Optional[str]:
    """Return the first existing folder of a sequence, four digits or six."""
    for source in sources:
        for folder in folders:
            for name in (f'{sequence:04d}', f'{sequence:06d}'):
                path = osp.join(source, folder.format(split=split), name)
                if osp.isdir(path):
                    return path
    return None


def placed(folder: str, sequence: int, ending: str) -> Dict[int, str]:
    """Return the files of a sequence that an earlier run has placed, by frame number."""
    names = os.listdir(folder) if osp.isdir(folder) else []
    numbers = {name: parse_name(name, ending) for name in names}
    return {pair[1]: osp.join(folder, name) for name, pair in numbers.items() if pair and pair[0] == sequence}


def plan_split(sources: Sequence[str], destination: str, split: str) -> Plan:
    """Pair images and label maps of a split and name what is missing."""
    folder = str(split_folder(destination, split))
    kinds: List[Tuple[str, Sequence[str]]] = [(KittiStepGroundTruth.image_ending, IMAGE_FOLDERS[split])]
    if split != 'test':
        kinds.append((KittiStepGroundTruth.label_endings[0], PANOPTIC_FOLDERS))
    items: List[Item] = []
    problems: List[str] = []
    count = 0
    for sequence in SEQUENCES[split]:
        found = []
        for ending, folders in kinds:
            here = placed(folder, sequence, ending)
            source = stems(find_sequence(sources, folders, split, sequence))
            found.append({**dict.fromkeys(here), **source})
            items += [
                Item(path, osp.join(folder, file_name(sequence, frame, ending)))
                for frame, path in sorted(found[-1].items())
            ]
        count += len(found[0])
        for (ending, folders), frames in zip(kinds, found):
            suffix = osp.splitext(ending)[0]
            if not frames:
                where = ' or '.join(name.format(split=split) for name in folders)
                problems.append(f'{split} sequence {sequence:04d}: no {suffix} files; expected below {where}')
            elif set(found[0]) - set(frames):
                problems.append(
                    f'{split} sequence {sequence:04d}: no {suffix} file for frames {_some(set(found[0]) - set(frames))}'
                )
            elif found[0] and set(frames) - set(found[0]):
                problems.append(
                    f'{split} sequence {sequence:04d}: no image for frames {_some(set(frames) - set(found[0]))}'
                )
    if split in EXPECTED and not problems and count != EXPECTED[split]:
        problems.append(f'{split}: {count} frames, the release has {EXPECTED[split]}')
    return Plan(items, count, problems)


def _some(frames: set) -> str:
    shown = ', '.join(f'{frame:06d}' for frame in sorted(frames)[:5])
    return shown + (f', ... ({len(frames)} in all)' if len(frames) > 5 else '')


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = converter_parser(__doc__, 'data/kitti-step')
    parser.add_argument('--src', nargs='+', required=True, help='folders with the unpacked archives')
    add_splits_option(parser, SEQUENCES, ['train', 'val'], 'what to prepare; test has images only')
    args = parser.parse_args(argv)
    for source in args.src:
        if not osp.isdir(source):
            parser.error(f'--src {source} is no folder')
    return args


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    plans = {split: plan_split(args.src, args.dst, split) for split in args.splits}
    for split, plan in plans.items():
        print(f'{split:5s}  {plan.frames:5d} frames, {len(plan.items):5d} files')
    problems = [problem for plan in plans.values() for problem in plan.problems]
    if not report_problems(problems, args.partial):
        return 1
    if args.dry_run:
        return 0
    for split, plan in plans.items():
        os.makedirs(split_folder(args.dst, split), exist_ok=True)
        count_done(split, (place(item, args.mode) for item in plan.items), len(plan.items))
    return 0


if __name__ == '__main__':
    run_tool(main)
