"""Run an image model over the test images, score, store and draw.

    python tools/test.py CONFIG CHECKPOINT_OR_WORK_DIR --eval PQ segm
    python tools/test.py CONFIG CHECKPOINT --out DIR          # DIR/<image>_{cat,ins}.png, uint16
    python tools/test.py CONFIG CHECKPOINT --out FILE.pkl     # COCO form: masks as run lengths, panoptic maps as PNG
    python tools/test.py CONFIG CHECKPOINT --format-only      # COCO form: what a server takes
    python tools/test.py CONFIG CHECKPOINT --show-dir DIR     # DIR/<image>.jpg
    sh ./tools/dist_test.sh CONFIG CHECKPOINT 8 --eval PQ

Metrics: PQ (or panoptic), segm (average precision) and mIoU, as far as the data set has them.
"""

import argparse
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional

import _root  # noqa: F401  puts the repository on the path
import numpy as np

from knet.labels import LabelSpace
from knet.structures import PanopticPrediction
from knet.utils.cli import ToolParser, UsageError, check_outputs, run_tool
from knet.utils.io import atomic_path, write_json_atomic, write_png_atomic
from knet.utils.options import KeyValueAction, add_speed_options, add_test_options, merge_options
from knet.utils.paths import below, check_targets

if TYPE_CHECKING:
    from knet.apis.images import OnPrediction
    from knet.det.protocols import Prediction


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory (its best or latest)')
    parser.add_argument('--eval', nargs='+', default=[], metavar='METRIC', help='metrics of the data set')
    parser.add_argument('--out', '--out-dir', dest='out', help='folder for label maps, or a .pkl file for all results')
    parser.add_argument('--format-only', action='store_true', help='write result files for a server, do not score')
    parser.add_argument(
        '--eval-options',
        nargs='+',
        action=KeyValueAction,
        default={},
        metavar='KEY=VALUE',
        help='jsonfile_prefix=PATH: where result files go (--format-only: work_dirs/<config>/results)',
    )
    parser.add_argument('--show-dir', help='folder for overlays')
    parser.add_argument('--show-score-thr', type=float, default=0.3, help='least score of drawn instances')
    parser.add_argument('--json', help='file for the scores')
    add_speed_options(parser)
    add_test_options(parser)
    return parser.parse_args()


def wants_pickle(args: argparse.Namespace) -> bool:
    """Whether ``--out`` names a file for all results."""
    return Path(args.out or '').suffix in ('.pkl', '.pickle')


def check_data(args: argparse.Namespace, dataset: Any, label_space: LabelSpace) -> None:
    """Refuse, before the network runs, what this data set or model cannot give.

    Raises:
        UsageError: See message.
    """
    name = type(dataset).__name__
    dataset.check_metrics(args.eval)
    is_coco = hasattr(dataset, 'results2json')
    if not is_coco and (args.format_only or args.eval_options or wants_pickle(args)):
        raise UsageError(f'{name} has no result files in COCO form; use --out with a folder')
    if is_coco and (args.show_dir or (args.out and not wants_pickle(args))):
        check_targets((info['filename'] for info in dataset.data_infos), dataset.ann_file)
    if args.out and not wants_pickle(args) and not label_space.num_stuff:
        raise UsageError('instances overlap and do not fit into label maps; use --out FILE.pkl or --format-only')


def stem_of(image_name: str) -> str:
    """Return the relative path of an image without its suffix; other dots of the name stay."""
    return str(Path(image_name).with_suffix(''))


def output_writer(args: argparse.Namespace, label_space: LabelSpace) -> 'Optional[OnPrediction]':
    """Return the function that stores and draws one prediction; None if neither is wanted."""
    from knet.apis.drawing import draw_overlay

    maps_dir = None if wants_pickle(args) else args.out
    if not (maps_dir or args.show_dir):
        return None

    def write(_: int, meta: Dict[str, Any], prediction: 'Prediction') -> None:
        name = stem_of(meta['ori_filename'])
        if maps_dir and isinstance(prediction, PanopticPrediction):
            target = below(maps_dir, name, meta['filename'])
            write_png_atomic(target.with_name(f'{target.name}_cat.png'), prediction.semantic.astype(np.uint16))
            write_png_atomic(target.with_name(f'{target.name}_ins.png'), prediction.instance.astype(np.uint16))
        if args.show_dir:
            overlay = below(args.show_dir, f'{name}.jpg', meta['filename'])
            draw_overlay(meta, prediction, label_space, overlay, args.show_score_thr)

    return write


def report(args: argparse.Namespace, dataset: Any, results: List[Any]) -> None:
    """Store and score the results of all images."""
    if wants_pickle(args):
        with atomic_path(args.out) as partial:
            partial.write_bytes(pickle.dumps(results))
        print(f'{len(results)} results in {args.out}')
    if args.format_only:
        options = dict(jsonfile_prefix=str(Path('work_dirs', Path(args.config).stem, 'results')))
        files, _ = dataset.format_results(results, **{**options, **args.eval_options})
        print('written: ' + ', '.join(files.values()))
    if args.eval:
        scores = dataset.evaluate(results, metric=args.eval, **args.eval_options)
        print('  '.join(f'{name} {value:.4f}' for name, value in scores.items()))
        if args.json:
            write_json_atomic(args.json, dict(scores))


def main() -> None:
    """Predict and score."""
    args = parse_args()
    check_outputs(args, '--eval METRIC, --out DIR_OR_PKL, --format-only, --show-dir DIR', 'images')
    from knet.apis import build_data, init_model, load_config, run_images
    from knet.apis.agreement import check_classes_agree
    from knet.apis.config import loader_settings
    from knet.apis.distributed import process_group
    from knet.det.protocols import StreamModel

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    with process_group(args.launcher, args.local_rank, args.timeout):
        dataset: Any = build_data(cfg, 'test')
        model: Any = init_model(cfg, args.checkpoint, trust=args.trust_checkpoint, optimize=args.optimize)
        if isinstance(model, StreamModel):
            raise UsageError(f'{args.config} is a video model; use tools/test_step.py')
        check_classes_agree(model, dataset)
        check_data(args, dataset, model.label_space)
        results = run_images(
            model,
            dataset,
            output_writer(args, dataset.label_space),
            min(1, loader_settings(cfg, 'test')['workers_per_gpu']),
            args.amp,
        )
        if results is not None:
            report(args, dataset, results)


if __name__ == '__main__':
    run_tool(main)
