r"""Write the HTML report of a run: scores, tracks, clips, worst frames and curves in one file.

    python tools/report.py --out report.html --stq stq.json --vpq vpq.json \\
        --log work_dirs/run/20240101_000000.log.json --result RESULT --gt GT --compare NAME=FOLDER

Everything but --out may be left out; the report then lacks that part. RESULT and GT give timelines of the tracks, clips
and the worst frames.
"""

import argparse
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import _root  # noqa: F401
import numpy as np
from tqdm import tqdm

import knet
from knet.evaluation.cli import add_data_options, chosen_classes, chosen_layout
from knet.evaluation.frames import check_same_videos
from knet.labels import LabelSpace, get_label_space
from knet.layouts.base import VideoGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, UsageError, add_debug_option, asked_label_space, run_tool
from knet.utils.io import read_json
from knet.visualization import compare_frame, worst_frames, write_report
from knet.visualization.association import TrackMatch, VideoTracks, follow_tracks, video_overlaps
from knet.visualization.report import Clip, Run
from knet.visualization.report.clips import draw_clips, fitting_clips


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out', required=True, help='HTML file to write')
    parser.add_argument('--title', default='Video K-Net', help='headline')
    parser.add_argument('--stq', help='JSON of tools/eval_dstq_step.py')
    parser.add_argument('--vpq', help='JSON of tools/eval_dvpq_step.py')
    parser.add_argument('--log', help='*.log.json of the training')
    parser.add_argument('--result', help='folder of predictions, for tracks, clips and worst frames')
    parser.add_argument('--gt-path', '--gt', dest='gt', help='data set folder, for the same')
    parser.add_argument('--split', default='val', help='part of the data set (default: %(default)s)')
    add_data_options(parser, 'kitti-step')
    parser.add_argument(
        '--compare',
        action='append',
        default=[],
        metavar='NAME=FOLDER',
        help='another run, a folder with predictions, stq.json and vpq.json; may be repeated',
    )
    parser.add_argument('--name', default='this run', help='name of the run beside others (default: %(default)s)')
    parser.add_argument('--clips', nargs='*', default=[], help='GIF or MP4 files to embed instead of drawn ones')
    parser.add_argument('--videos', type=int, default=2, help='number of clips to draw (default %(default)s)')
    parser.add_argument('--worst', type=int, default=6, help='number of worst frames (default %(default)s)')
    parser.add_argument(
        '--fact', action='append', default=[], metavar='NAME=VALUE', help='a line of the section "Run"; may be repeated'
    )
    add_debug_option(parser)
    return parser.parse_args()


def load_scores(path: Optional[str], key: str) -> Optional[Dict[str, Any]]:
    """Read the JSON file of an evaluator, which must hold ``key``."""
    if path is None:
        return None
    return read_json(path, key, what='file of scores', remedy='Write it with --json of the evaluator.')


def collect_facts(args: argparse.Namespace) -> Dict[str, str]:
    """Collect what was run with what: given facts, the predictions' manifest, versions."""
    facts: Dict[str, str] = {}
    manifest = Path(args.result) / 'manifest.json' if args.result else None
    if manifest is not None and manifest.is_file():
        facts.update((str(k), str(v)) for k, v in read_json(manifest).get('meta', {}).items())
    for fact in args.fact:
        name, sign, value = fact.partition('=')
        if not sign:
            raise UsageError(f'--fact takes NAME=VALUE, got {fact!r}')
        facts[name] = value
    versions = [f'Python {platform.python_version()}', f'knet {knet.__version__}']
    for package in ('torch', 'mmcv', 'mmcv-full', 'mmdet', 'mmsegmentation', 'numpy', 'opencv-python'):
        try:
            versions.append(f'{package} {metadata.version(package)}')
        except metadata.PackageNotFoundError:
            continue
    facts['versions'] = ', '.join(versions)
    facts['report'] = ' '.join(sys.argv)
    return facts


def label_space(args: argparse.Namespace, predictions: Optional[PredictionReader]) -> LabelSpace:
    """Return the classes of the predictions, or without any those that the arguments name."""
    if predictions is not None:
        return chosen_classes(args, predictions)
    return asked_label_space(args) or get_label_space(chosen_layout(args).label_space)


@dataclass(frozen=True)
class Inputs:
    """Predictions with their ground truth, and how their tracks follow its objects."""

    predictions: PredictionReader
    truth: VideoGroundTruth
    space: LabelSpace
    matches: Dict[int, TrackMatch]
    tracks: List[VideoTracks]

    @classmethod
    def of(cls, predictions: PredictionReader, truth: VideoGroundTruth, space: LabelSpace) -> 'Inputs':
        """Read all videos that have both."""
        check_same_videos(predictions, truth)
        matches: Dict[int, TrackMatch] = {}
        tracks: List[VideoTracks] = []
        for video in tqdm(truth.videos(), unit='video', desc='tracks', disable=None):
            overlaps = video_overlaps(predictions, truth, space, video)
            if overlaps:
                matches[video] = TrackMatch.of(overlaps, space)
                tracks.append(follow_tracks(video, overlaps, space))
        return cls(predictions, truth, space, matches, tracks)

    def worst(self, count: int) -> List[Tuple[str, np.ndarray]]:
        """Return captions and pictures of the worst frames."""
        pictures = []
        for s in worst_frames(self.predictions, self.truth, self.space, count) if count > 0 else ():
            quality = f'quality {100 * s.quality:.1f}, {s.missed} segments missed, {s.invented} invented'
            match = self.matches.get(s.video)
            picture = compare_frame(self.predictions, self.truth, self.space, s.video, s.frame, match=match)
            pictures.append((f'video {s.video}, frame {s.frame}: {quality}', picture))
        return pictures

    def clips(self, count: int, stq: Optional[Dict[str, Any]], folder: str) -> List[Clip]:
        """Draw the videos with the lowest and the highest STQ and some between; without scores the first ones."""
        scores = {} if stq is None else {v: s['STQ'] for v, s in stq['per_video'].items() if s['STQ'] is not None}
        order = sorted(self.matches, key=lambda video: (scores.get(str(video), 1.0), video))
        places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
        named = []
        for video in (order[place] for place in places):
            score = scores.get(str(video))
            named.append((video, f'video {video}' + ('' if score is None else f': STQ {100 * score:.1f}')))
        return draw_clips(self.predictions, self.truth, self.space, named, folder)


def compared_runs(args: argparse.Namespace, inputs: Optional[Inputs]) -> List[Run]:
    """Return the runs of ``--compare``: their scores, and their tracks if there is ground truth."""
    runs = []
    for text in args.compare:
        name, sign, folder = text.partition('=')
        if not sign or not folder:
            raise UsageError(f'--compare takes NAME=FOLDER, got {text!r}')
        stq, vpq = (scores_of(folder, metric) for metric in ('stq', 'vpq'))
        if stq is None and vpq is None:
            raise FileNotFoundError(
                f'{folder}: neither stq.json nor vpq.json; write them by tools/test_step.py with --eval stq vpq'
            )
        tracks: List[VideoTracks] = []
        if inputs is not None and (Path(folder) / 'panoptic').is_dir():
            predictions = PredictionReader(folder)
            tracks = Inputs.of(predictions, inputs.truth, chosen_classes(args, predictions)).tracks
        runs.append(Run(name, stq, vpq, tracks))
    return runs


def scores_of(folder: str, metric: str) -> Optional[Dict[str, Any]]:
    """Return the scores that a test left in its folder, None without any."""
    path = Path(folder) / f'{metric}.json'
    return load_scores(str(path), metric.upper()) if path.is_file() else None


def main() -> None:
    """Collect the parts and write the page."""
    args = parse_args()
    predictions = PredictionReader(args.result) if args.result else None
    space = label_space(args, predictions)
    stq, vpq = load_scores(args.stq, 'STQ'), load_scores(args.vpq, 'VPQ')
    inputs = None
    if predictions is not None and args.gt:
        inputs = Inputs.of(predictions, chosen_layout(args)(args.gt, args.split, space), space)
    with tempfile.TemporaryDirectory() as folder:
        clips = fitting_clips(args.clips, folder)
        if inputs is not None and not clips:
            clips = inputs.clips(args.videos, stq, folder)
        write_report(
            args.out,
            args.title,
            collect_facts(args),
            stq,
            vpq,
            args.log,
            inputs.worst(args.worst) if inputs else (),
            clips,
            space,
            inputs.tracks if inputs else (),
            compared_runs(args, inputs),
            args.name,
        )
    print(f'report: {args.out}')


if __name__ == '__main__':
    run_tool(main)
