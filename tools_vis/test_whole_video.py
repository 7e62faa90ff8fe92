"""Run a clip model over whole videos: tracks for a server, scores, overlay videos.

    python tools_vis/test_whole_video.py CONFIG CHECKPOINT_OR_WORK_DIR --format-only   # what the server takes
    python tools_vis/test_whole_video.py CONFIG CHECKPOINT --eval segm                 # where there is ground truth
    python tools_vis/test_whole_video.py CONFIG CHECKPOINT --show-dir DIR              # DIR/<video>.mp4
    sh tools_vis/dist_test_whole_video.sh CONFIG CHECKPOINT 8 --format-only            # videos shared by 8 processes

The tracks of every finished video lie in OUT_DIR/videos; a run that was stopped continues where it was.
"""

import argparse
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List

import _root  # noqa: F401  puts the repository on the path

from knet.results.track_store import describe_results
from knet.utils.cli import ToolParser, UsageError, check_outputs, run_tool
from knet.utils.io import atomic_path, write_json_atomic
from knet.utils.options import add_speed_options, add_test_options, merge_options
from knet.utils.paths import below, check_targets
from knet.utils.shards import add_shard_option
from knet.visualization import write_track_video

if TYPE_CHECKING:
    from knet.apis.clips import OnVideo


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory (its best or latest)')
    parser.add_argument(
        '--work-dir',
        '--out-dir',
        dest='out_dir',
        help='where results go; default: CHECKPOINT without .pth, with _results',
    )
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='write results.json and submission_file.zip, here and in OUT_DIR; do not score',
    )
    parser.add_argument('--eval', nargs='+', default=[], metavar='METRIC', help='segm: the average precision of tracks')
    parser.add_argument('--json', help='file for the scores')
    parser.add_argument('--out', help='.pkl file for the tracks of all videos')
    parser.add_argument('--show-dir', help='folder for a video with drawn tracks of every video')
    parser.add_argument('--show-score-thr', type=float, default=0.3, help='least score of drawn tracks')
    parser.add_argument('--fresh', action='store_true', help='redo videos that OUT_DIR already has')
    add_shard_option(
        parser, 'predict part I of N only, for N jobs with one OUT_DIR; without it afterwards: write and score'
    )
    add_speed_options(parser)
    add_test_options(parser)
    return parser.parse_args()


def check_args(args: argparse.Namespace) -> None:
    """Refuse a run without any result, and options that exclude each other.

    Raises:
        UsageError: Naming the option to change.
    """
    if args.shard[1] > 1:
        if args.eval or args.format_only or args.out or args.json or args.fresh:
            raise UsageError(
                '--shard predicts a part; leave out --eval, --format-only, --out, --json and --fresh, and give them '
                'without --shard afterwards'
            )
        return
    check_outputs(args, '--format-only, --eval segm, --out FILE.pkl, --show-dir DIR', 'videos')
    if args.out and Path(args.out).suffix not in ('.pkl', '.pickle'):
        raise UsageError(f'--out takes a .pkl file, not {args.out}; --out-dir is the folder of results')


def drawer(args: argparse.Namespace, dataset: Any) -> 'OnVideo':
    """Return the function that draws one video.

    Raises:
        ValueError: If the name of a video cannot be that of a file, or is that of two videos.
    """
    check_targets((f'{video.name}.mp4' for video in dataset.videos), dataset.ann_file)

    def draw(index: int, records: List[Dict[str, Any]]) -> None:
        video = dataset.videos[index]
        label_of = {category: int(i) for i, category in enumerate(dataset.cat_ids)}
        ids = dataset.label_space.dataset_ids
        drawn = [dict(record, category_id=int(ids[label_of[record['category_id']]])) for record in records]
        files = [Path(dataset.img_prefix) / frame.file_name for frame in video.frames]
        write_track_video(
            below(args.show_dir, f'{video.name}.mp4', dataset.ann_file),
            files,
            drawn,
            dataset.label_space,
            args.show_score_thr,
        )

    return draw


def report(args: argparse.Namespace, dataset: Any, results: List[List[Dict[str, Any]]], out_dir: Path) -> None:
    """Write and score the tracks of all videos."""
    print(describe_results([record for video in results for record in video], dataset.ground_truth()))
    if args.out:
        with atomic_path(args.out) as partial:
            partial.write_bytes(pickle.dumps(results))
        print(f'written: {args.out}')
    if args.format_only:
        for folder in dict.fromkeys((out_dir.resolve(), Path.cwd().resolve())):
            print('written: ' + ', '.join(dataset.format_results(results, str(folder))))
    if args.eval:
        scores = dataset.evaluate(results, metric=args.eval)
        if args.json:
            write_json_atomic(args.json, scores)


def main() -> None:
    """Predict, then write and score."""
    args = parse_args()
    check_args(args)
    from knet.apis import build_data, init_model, load_config, resolve_checkpoint
    from knet.apis.agreement import check_classes_agree
    from knet.apis.clips import open_video_store, predict_videos
    from knet.apis.config import loader_settings
    from knet.apis.distributed import process_group
    from knet.apis.scoring import run_identity
    from knet.det.protocols import ClipModel

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    checkpoint = resolve_checkpoint(args.checkpoint)
    out_dir = Path(args.out_dir or checkpoint.with_name(f'{checkpoint.stem}_results'))
    with process_group(args.launcher, args.local_rank, args.timeout):
        dataset: Any = build_data(cfg, 'test')
        if not hasattr(dataset, 'load_frames'):
            raise UsageError(
                f'{args.config}: {type(dataset).__name__} has no instances of videos; use tools/test.py '
                'for images, tools/test_step.py for panoptic videos'
            )
        dataset.check_metrics(args.eval)
        model = init_model(cfg, checkpoint, trust=args.trust_checkpoint, optimize=args.optimize)
        if not isinstance(model, ClipModel):
            raise UsageError(
                f'{args.config}: {type(model).__name__} is no clip model; use tools/test.py or tools/test_step.py'
            )
        check_classes_agree(model, dataset)
        identity = run_identity(cfg, checkpoint, args.amp)
        store = open_video_store(out_dir, identity, args.fresh, dataset.label_space, args.shard)
        results = predict_videos(
            model,
            dataset,
            store,
            drawer(args, dataset) if args.show_dir else None,
            min(1, loader_settings(cfg, 'test')['workers_per_gpu']),
            args.amp,
            shard=args.shard,
        )
        if results is not None:
            report(args, dataset, results, out_dir)


if __name__ == '__main__':
    run_tool(main)
