"""Run an image model over the test images, score and draw.

    python tools/test.py CONFIG CHECKPOINT_OR_WORK_DIR --eval PQ mIoU
    python tools/test.py CONFIG CHECKPOINT --out DIR          # DIR/<image>_{cat,ins}.png, uint16
    python tools/test.py CONFIG CHECKPOINT --show-dir DIR     # DIR/<image>.jpg
    sh ./tools/dist_test.sh CONFIG CHECKPOINT 8 --eval PQ
"""
import argparse
from pathlib import Path
from typing import Any, Dict, Optional

import _root  # noqa: F401  puts the repository on the path
import numpy as np

from knet.apis import build_data, init_model, load_config, run_images
from knet.apis.config import add_config_options, loader_settings, merge_options
from knet.apis.distributed import add_launcher_options, process_group
from knet.apis.test import OnPrediction, draw_overlay
from knet.labels import LabelSpace
from knet.structures import PanopticPrediction
from knet.utils.cli import UsageError, add_debug_option, run_tool
from knet.utils.io import write_json_atomic, write_png_atomic


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description='Run an image model over images; on the GPU if there is one.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory (its best or latest)')
    parser.add_argument('--eval', nargs='+', default=[], metavar='METRIC', help='metrics of the data set: PQ, mIoU')
    parser.add_argument('--out', help='folder for predictions: <image>_cat.png (class), <image>_ins.png (instance)')
    parser.add_argument('--show-dir', help='folder for overlays')
    parser.add_argument('--json', help='file for the scores')
    parser.add_argument('--optimize', action='store_true', help='freeze the backbone for speed')
    parser.add_argument('--amp', action='store_true', help='half precision')
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    add_config_options(parser)
    add_launcher_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def check_args(args: argparse.Namespace) -> None:
    """Refuse a run without any result.

    Raises:
        UsageError: See message.
    """
    if not (args.eval or args.out or args.show_dir):
        raise UsageError('nothing to do: give at least one of --eval PQ mIoU, --out DIR, --show-dir DIR')
    if args.out and Path(args.out).suffix in ('.pkl', '.pickle'):
        raise UsageError(f'--out {args.out}: predictions are PNG files, name a folder')
    if args.json and not args.eval:
        raise UsageError('--json needs --eval')


def output_writer(args: argparse.Namespace, label_space: LabelSpace) -> Optional[OnPrediction]:
    """The function that stores and draws one prediction; None if neither is wanted."""
    if not (args.out or args.show_dir):
        return None

    def write(_: int, meta: Dict[str, Any], prediction: PanopticPrediction) -> None:
        name = Path(meta['ori_filename']).with_suffix('')
        if args.out:
            target = Path(args.out) / name.parent
            target.mkdir(parents=True, exist_ok=True)
            write_png_atomic(target / f'{name.name}_cat.png', prediction.semantic.astype(np.uint16))
            write_png_atomic(target / f'{name.name}_ins.png', prediction.instance.astype(np.uint16))
        if args.show_dir:
            draw_overlay(meta, prediction, label_space, Path(args.show_dir) / name.with_suffix('.jpg'))

    return write


def main() -> None:
    """Predict and score."""
    args = parse_args()
    check_args(args)
    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    with process_group(args.launcher, args.local_rank):
        dataset = build_data(cfg, 'test')
        model = init_model(cfg, args.checkpoint, trust=args.trust_checkpoint, optimize=args.optimize)
        if hasattr(model, 'new_stream'):
            raise UsageError(f'{args.config} is a video model; use tools/test_step.py')
        counts = run_images(model, dataset, output_writer(args, dataset.label_space),
                            min(1, loader_settings(cfg, 'test')['workers_per_gpu']), args.amp)
        if counts is not None and args.eval:
            scores = dataset.evaluate(counts, metric=args.eval)
            print('  '.join(f'{name} {value:.4f}' for name, value in scores.items() if isinstance(value, float)))
            if args.json:
                write_json_atomic(args.json, dict(scores))


if __name__ == '__main__':
    run_tool(main)
