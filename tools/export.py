"""Rewrite stored predictions of videos as files of another program.

    python tools/export.py coco-panoptic RESULT --out-dir DIR       # panoptic json and PNGs, for panopticapi
    python tools/export.py youtube-vis-json RESULT --out-dir DIR    # tracks as annotations and as results
    python tools/export.py kitti-mots RESULT --out-dir DIR          # text files of KITTI MOTS
    python tools/export.py kitti-step RESULT --out-dir DIR          # PNGs of the KITTI-STEP server

RESULT is what tools/test_step.py wrote. Formats that need the data set have tools of their own:
tools/cityscapes_vps_format.py and tools/eval_vspw.py.
"""

import argparse
from pathlib import Path

import _root  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.evaluation.cli import chosen_classes
from knet.results.exports import EXPORTERS
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, run_tool
from knet.utils.lock import locked


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('format', metavar='FORMAT', help='one of those above, or one of --import')
    parser.add_argument('result', metavar='RESULT', help='folder of predictions')
    parser.add_argument('--out-dir', '--out', dest='out', required=True, help='folder for the files')
    add_label_space_option(parser, 'those stored with the predictions')
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Write the files."""
    args = parse_args()
    formats = sorted(name for name, exporter in EXPORTERS.items() if not exporter.needs_truth)
    if args.format not in formats:
        raise UsageError(f'unknown format {args.format!r}; known: {", ".join(formats)}, or one of --import')
    predictions = PredictionReader(args.result)
    if args.label_space is None and predictions.label_space() is None:
        raise UsageError(f'{args.result}: the predictions do not say their classes; give --label-space')
    exporter = EXPORTERS[args.format](chosen_classes(args, predictions))
    total = sum(len(predictions.frames(video)) for video in predictions.videos())
    with locked(args.out), tqdm(total=total, unit='frame', desc=args.format, disable=None) as bar:
        written = exporter.export(predictions, None, Path(args.out), bar.update)
    print(f'{total} frames: {", ".join(map(str, written[:4]))}{", ..." if len(written) > 4 else ""}')


if __name__ == '__main__':
    run_tool(main)
