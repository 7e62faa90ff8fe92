r"""Write the HTML report of a run: scores, curves, clips and worst frames in one file.

    python tools/report.py --out report.html --stq stq.json --vpq vpq.json \\
        --log work_dirs/run/20240101_000000.log.json --result RESULT --gt GT --clips pictures/*.gif

Everything but --out may be left out; the report then lacks that part.
"""

import argparse
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import _root  # noqa: F401
import numpy as np

import knet
from knet.evaluation.cli import add_data_options, chosen_classes, chosen_layout
from knet.labels import LabelSpace, get_label_space
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, UsageError, add_debug_option, asked_label_space, run_tool
from knet.utils.io import read_json
from knet.visualization import compare_frame, worst_frames, write_report


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('--out', required=True, help='HTML file to write')
    parser.add_argument('--title', default='Video K-Net', help='headline')
    parser.add_argument('--stq', help='JSON of tools/eval_dstq_step.py')
    parser.add_argument('--vpq', help='JSON of tools/eval_dvpq_step.py')
    parser.add_argument('--log', help='*.log.json of the training')
    parser.add_argument('--result', help='folder of predictions, for the worst frames')
    parser.add_argument('--gt-path', '--gt', dest='gt', help='data set folder, for the worst frames')
    parser.add_argument('--split', default='val', help='part of the data set (default: %(default)s)')
    add_data_options(parser, 'kitti-step')
    parser.add_argument('--clips', nargs='*', default=[], help='GIF or MP4 files to embed')
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


def draw_worst(
    args: argparse.Namespace, predictions: Optional[PredictionReader], space: LabelSpace
) -> List[Tuple[str, np.ndarray]]:
    """Return captions and pictures of the worst frames."""
    if predictions is None or not args.gt or args.worst <= 0:
        return []
    truth, pictures = chosen_layout(args)(args.gt, args.split, space), []
    for s in worst_frames(predictions, truth, space, args.worst):
        quality = f'quality {100 * s.quality:.1f}, {s.missed} segments missed, {s.invented} invented'
        picture = compare_frame(predictions, truth, space, s.video, s.frame)
        pictures.append((f'video {s.video}, frame {s.frame}: {quality}', picture))
    return pictures


def main() -> None:
    """Collect the parts and write the page."""
    args = parse_args()
    predictions = PredictionReader(args.result) if args.result else None
    space = label_space(args, predictions)
    write_report(
        args.out,
        args.title,
        collect_facts(args),
        load_scores(args.stq, 'STQ'),
        load_scores(args.vpq, 'VPQ'),
        args.log,
        draw_worst(args, predictions, space),
        args.clips,
        space,
    )
    print(f'report: {args.out}')


if __name__ == '__main__':
    run_tool(main)
