"""Score or check the results of video instance segmentation.

    python tools_vis/eval_vis.py RESULTS.json GT.json --json scores.json
    python tools_vis/eval_vis.py submission_file.zip VALID.json --validate     # ids, lengths, sizes; no scores

GT.json is the official file or the converted one. --validate needs no annotations in it. --label-space FILE.json scores
some of its classes only, which needs no option for results that lie beside their videos.json.
"""

import argparse
from pathlib import Path
from typing import Optional, Sequence

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.cli import add_nproc_option, agreed_classes, report
from knet.evaluation.metric import score
from knet.evaluation.vis_ap import VisAveragePrecision
from knet.layouts.youtube_vis import read_ground_truth
from knet.results.run_folder import read_label_space
from knet.results.track_store import MANIFEST, TrackPredictions, check_results, describe_results, read_results
from knet.utils.cli import ToolParser, UsageError, add_debug_option, add_label_space_option, run_tool


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('results', help='results.json, or the zip that holds it')
    parser.add_argument('ground_truth', help='json of the split')
    parser.add_argument('--json', metavar='FILE', help='also write the scores there, as fractions in 0..1')
    add_nproc_option(parser)
    parser.add_argument('--validate', action='store_true', help='only check that the results fit the split')
    add_label_space_option(parser, 'those stored with the results, else the categories of GT.json')
    add_debug_option(parser)
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Check, and score."""
    args = parse_args(argv)
    if args.validate and args.json:
        raise UsageError('--validate gives no scores; leave out --json')
    truth = read_ground_truth(args.ground_truth, annotated=not args.validate)
    records = read_results(args.results)
    stored = read_label_space(Path(args.results).parent / MANIFEST)
    classes = agreed_classes(args, stored, args.results)
    if classes is not None:
        truth = truth.in_classes(classes)
    if args.validate:
        check_results(records, truth, args.results)
        print(f'{args.results} fits {args.ground_truth}: {describe_results(records, truth)}')
        return
    metric = VisAveragePrecision(truth.categories)
    report(score(metric, TrackPredictions(records), truth, args.nproc), args)


if __name__ == '__main__':
    run_tool(main)
