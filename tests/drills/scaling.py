"""Measure how every evaluator scales with processes: ``python -m tests.drills.scaling FOLDER [--nproc 2] [WORD ...]``.

FOLDER gets a made-up set of 200 videos with 50 small frames, once. Each evaluator runs as a user runs it, with one
process and with more. A table tells seconds, ratio, and whether the scores are byte-equal; the exit code is 1 if scores
differ or a ratio is below ``--least``.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tools'))

from _benchmark.evaluation_data import make_evaluation_fixture  # noqa: E402

from knet.labels import YOUTUBE_VIS_2019  # noqa: E402
from knet.layouts.coco import encode_mask  # noqa: E402
from knet.layouts.kitti_step import KittiStepGroundTruth  # noqa: E402
from knet.results.panoptic_store import PredictionReader  # noqa: E402
from knet.utils.io import write_bytes_atomic, write_json_atomic, write_png_atomic  # noqa: E402

#: Scores by evaluator: words of its command line after the data.
EVALUATORS: Dict[str, Tuple[str, List[str]]] = {
    'STQ': ('tools/eval_dstq_step.py', ['{set}/predictions', '{set}/ground_truth']),
    'VPQ': ('tools/eval_dvpq_step.py', ['{set}/predictions', '{set}/ground_truth']),
    'DSTQ': ('tools/eval_dstq_step.py', ['{set}/predictions', '{set}/ground_truth', '--depth']),
    'mIoU, VC': ('tools/eval_vspw.py', ['{set}/predictions', '{set}/vspw']),
    'VIS AP': ('tools_vis/eval_vis.py', ['{set}/results.json', '{set}/gt.json']),
}


def make_set(folder: Path, videos: int, frames: int, height: int, width: int) -> None:
    """Write predictions and ground truth for all evaluators."""
    predictions, truth = make_evaluation_fixture(folder, videos, frames, height, width)
    _write_depth(PredictionReader(predictions), KittiStepGroundTruth(truth))
    _write_vspw(folder / 'vspw', KittiStepGroundTruth(truth))
    _write_tracks(folder, PredictionReader(predictions), KittiStepGroundTruth(truth))


def _write_depth(predictions: PredictionReader, truth: KittiStepGroundTruth) -> None:
    """Write depth maps of 5 to 60 metres for both sides; those of the predictions are off by up to a third."""
    rng = np.random.RandomState(0)
    for video in truth.videos():
        for frame in truth.frames(video):
            name = f'{video:06d}_{frame:06d}'
            height, width = truth.read(video, frame)[0].shape
            depth = np.repeat(np.linspace(60, 5, height)[:, None], width, axis=1) * 256
            write_png_atomic(truth.root / f'{name}_depth.png', depth.astype(np.uint16))
            found = depth * rng.uniform(0.7, 1.3, width)
            write_png_atomic(predictions.root.parent / 'depth' / str(video) / f'{name}.png', found.astype(np.uint16))


def _write_vspw(root: Path, truth: KittiStepGroundTruth) -> None:
    """Write the same classes in the layout of VSPW."""
    for video in truth.videos():
        folder = root / 'data' / f'v{video:04d}'
        (folder / 'origin').mkdir(parents=True)
        for frame in truth.frames(video):
            semantic = truth.read(video, frame)[0]
            mask = np.where(semantic == truth.classes.void, 255, semantic + 1).astype(np.uint8)
            write_png_atomic(folder / f'mask/{frame:08d}.png', mask)
            (folder / f'origin/{frame:08d}.jpg').write_bytes(b'')
    (root / 'val.txt').write_text(''.join(f'v{video:04d}\n' for video in truth.videos()))


def _write_tracks(folder: Path, predictions: PredictionReader, truth: KittiStepGroundTruth) -> None:
    """Write the things as tracks in the format of YouTube-VIS."""
    categories = [dict(id=info.dataset_id, name=info.name) for info in YOUTUBE_VIS_2019.things]
    videos: List[Dict[str, Any]] = []
    sides: Dict[str, List[Dict[str, Any]]] = dict(truth=[], found=[])
    for video in truth.videos():
        frames = truth.frames(video)
        height, width = truth.read(video, frames[0])[0].shape
        names = [f'v{video:04d}/{frame:05d}.jpg' for frame in frames]
        videos.append(dict(id=video + 1, height=height, width=width, length=len(frames), file_names=names))
        for side, reader in (('truth', truth), ('found', predictions)):
            tracks: Dict[int, List[Any]] = {}
            for position, frame in enumerate(frames):
                instance = reader.read(video, frame)[1]
                for number in np.unique(instance[instance > 0]).tolist():
                    masks = tracks.setdefault(number % 100, [None] * len(frames))
                    masks[position] = encode_mask(instance == number)
            for number, masks in tracks.items():
                track = dict(video_id=video + 1, category_id=1 + number % 5, segmentations=masks)
                sides[side].append(track)
    for number, track in enumerate(sides['truth']):
        height, width = next(mask for mask in track['segmentations'] if mask)['size']
        areas = [None if mask is None else 1 for mask in track['segmentations']]
        boxes = [None if mask is None else [0, 0, 1, 1] for mask in track['segmentations']]
        track.update(id=number + 1, iscrowd=0, height=height, width=width, length=len(areas), areas=areas, bboxes=boxes)
    for number, track in enumerate(sides['found']):
        track['score'] = (number % 97 + 1) / 100
    write_json_atomic(
        folder / 'gt.json', dict(videos=videos, categories=categories, annotations=sides['truth']), indent=None
    )
    write_bytes_atomic(folder / 'results.json', json.dumps(sides['found']).encode())


def measure(folder: Path, name: str, nproc: int, repeats: int) -> Tuple[float, bytes]:
    """Return the least seconds of some runs of an evaluator, and the scores that it writes."""
    script, words = EVALUATORS[name]
    target = folder / f'scores_{nproc}.json'
    command = [sys.executable, str(ROOT / script), *(word.format(set=folder) for word in words)]
    command += ['--json', str(target), '--nproc', str(nproc)]
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return min(seconds), target.read_bytes()


def main() -> int:
    """Make the set, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='where the set is, or is to be written')
    parser.add_argument('words', nargs='*', help='only evaluators whose names hold one of these')
    parser.add_argument('--nproc', type=int, default=2, help='processes that one process is compared with')
    parser.add_argument('--repeats', type=int, default=1, help='runs of each, of which the fastest counts')
    parser.add_argument('--least', type=float, default=0.0, metavar='RATIO', help='least ratio that is accepted')
    parser.add_argument('--videos', type=int, default=200)
    parser.add_argument('--frames', type=int, default=50)
    parser.add_argument('--size', type=int, nargs=2, default=(192, 640), metavar=('HEIGHT', 'WIDTH'))
    args = parser.parse_args()
    folder = args.folder / f'{args.videos}x{args.frames}_{args.size[0]}x{args.size[1]}'
    if not (folder / 'results.json').exists():
        print(f'writing {folder} ...', file=sys.stderr)
        make_set(folder, args.videos, args.frames, *args.size)
    print(f'| evaluator | 1 process | {args.nproc} processes | ratio | scores equal |\n|---|---|---|---|---|')
    fine = True
    for name in EVALUATORS:
        if args.words and not any(word.lower() in name.lower() for word in args.words):
            continue
        (one, scores), (more, others) = (measure(folder, name, nproc, args.repeats) for nproc in (1, args.nproc))
        equal, ratio = scores == others, one / more
        fine = fine and equal and ratio >= args.least
        print(f'| {name} | {one:.1f} s | {more:.1f} s | {ratio:.2f} | {"yes" if equal else "**no**"} |', flush=True)
    return int(not fine)


if __name__ == '__main__':
    sys.exit(main())
