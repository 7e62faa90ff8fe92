"""Run a video model over the test videos and write (and score) its predictions.

    python tools/test_step.py CONFIG CHECKPOINT_OR_WORK_DIR --out-dir OUT --eval stq vpq
    python tools/test_step.py CONFIG CHECKPOINT --show-dir OUT            # predictions and overlays
    sh ./tools/dist_step_test.sh CONFIG CHECKPOINT 8 --out-dir OUT        # videos shared by 8 processes

Predictions lie in ``OUT/panoptic/<video>/SSSSSS_FFFFFF_{cat,ins}.png``. A run
that was stopped continues where it was when started again: complete videos are
kept, the others redone.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, List

import _root  # noqa: F401  puts the repository on the path

from knet.evaluation.metric import metric_names
from knet.utils.cli import ToolParser, UsageError, run_tool
from knet.utils.io import write_json_atomic
from knet.utils.options import add_options_without_effect, add_speed_options, add_test_options, merge_options
from knet.utils.shards import add_shard_option


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser('Run a video model over videos; on the GPU if there is one.')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory (its best or latest)')
    parser.add_argument('--out-dir', help='where predictions and scores go; default: --show-dir, else ./out')
    parser.add_argument('--show-dir', help='also draw overlays, into SHOW_DIR/overlay')
    add_options_without_effect(parser, {'--show-score-thr': (1, 'overlays show what the predictions hold')})
    parser.add_argument(
        '--eval',
        nargs='+',
        default=[],
        metavar='METRIC',
        help='stq, vpq, miou, vc; computed when all videos are done (dummy: nothing, for old commands)',
    )
    parser.add_argument('--protocol', choices=['official', 'paper-repo'], default='official', help='of the metrics')
    parser.add_argument(
        '--final',
        action='store_true',
        help='also write OUT/final/SSSS/FFFFFF.png, the RGB files of the KITTI-STEP server',
    )
    add_shard_option(
        parser, 'predict part I of N only, for N jobs with one OUT; without it afterwards: collect and score'
    )
    parser.add_argument('--fresh', action='store_true', help='remove what OUT holds and start over')
    add_speed_options(parser, graph=True)
    parser.add_argument('--nproc', type=int, default=1, help='evaluator processes')
    add_test_options(parser)
    return parser.parse_args()


def asked_metrics(names: List[str]) -> List[str]:
    """Return the metrics among the values of ``--eval``.

    Raises:
        UsageError: For an unknown one.
    """
    from knet.apis.scoring import video_metrics

    asked = [name for name in names if name != 'dummy']
    video_metrics(asked)
    if len(asked) < len(names):
        hint = '--eval dummy computes nothing; use --eval stq vpq, or tools/eval_dstq_step.py later'
        print(hint, file=sys.stderr)  # standard output may be a file of scores
    return asked


def report(out_dir: Path, dataset: Any, args: argparse.Namespace, metrics: List[str]) -> None:
    """Score, print tables, write ``OUT/<metric>.json``."""
    from knet.apis import score_videos

    for name, result in score_videos(out_dir, dataset, metrics, args.protocol, args.nproc).items():
        print(result.table())
        write_json_atomic(out_dir / f'{name}.json', result.to_json())


def main() -> None:
    """Predict, then score."""
    args = parse_args()
    if args.shard[1] > 1 and (args.eval or args.fresh):
        raise UsageError('--shard predicts a part; leave out --eval and --fresh, and score without --shard afterwards')
    from mmcv.runner import get_dist_info

    from knet.apis import build_data, init_model, load_config, resolve_checkpoint, stream_videos
    from knet.apis.agreement import check_classes_agree
    from knet.apis.config import loader_settings
    from knet.apis.distributed import process_group
    from knet.apis.scoring import run_identity, video_metrics
    from knet.apis.streams import close_store, open_store
    from knet.det.protocols import StreamModel

    out_dir = Path(args.out_dir or args.show_dir or 'out')
    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    metrics = asked_metrics(args.eval)  # after the config, which may import a metric
    checkpoint = resolve_checkpoint(args.checkpoint)
    with process_group(args.launcher, args.local_rank, args.timeout):
        dataset: Any = build_data(cfg, 'test')
        model = init_model(cfg, checkpoint, trust=args.trust_checkpoint, optimize=args.optimize)
        if not isinstance(model, StreamModel) or not hasattr(dataset, 'video_indices'):
            raise UsageError(f'{args.config} is not a video model on videos; use tools/test.py')
        check_classes_agree(model, dataset)
        writer = open_store(
            out_dir,
            run_identity(cfg, checkpoint, args.amp),
            args.fresh,
            args.final,
            dataset.video_names,
            dataset.label_space,
            shard=args.shard,
        )
        if args.fresh and get_dist_info()[0] == 0:
            for metric in video_metrics(metric_names('maps')):
                (out_dir / f'{metric.name}.json').unlink(missing_ok=True)
        stream_videos(
            model,
            dataset,
            writer,
            Path(args.show_dir) / 'overlay' if args.show_dir else None,
            workers=min(1, loader_settings(cfg, 'test')['workers_per_gpu']),
            amp=args.amp,
            shard=args.shard,
        )
        close_store(writer, args.shard)
        if get_dist_info()[0] == 0:
            print(f'predictions: {out_dir}', file=sys.stderr)
            report(out_dir, dataset, args, metrics)


if __name__ == '__main__':
    run_tool(main)
