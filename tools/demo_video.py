"""Segment and track a video; store the predictions, draw them as a video, or both.

    python tools/demo_video.py VIDEO_OR_FOLDER CONFIG CHECKPOINT --out result.mp4
    python tools/demo_video.py FOLDER CONFIG CHECKPOINT --out-dir out --classes car person
    python tools/demo_video.py 0 CONFIG CHECKPOINT --out webcam.mp4              # until Ctrl-C
    python tools/demo_video.py rtsp://HOST/PATH CONFIG CHECKPOINT --out-dir out --max-frames 500

Models of frames (panoptic, semantic) and of clips (instances) write the folders that test_step.py and
test_whole_video.py write; the source is video 0 there.
"""

import argparse
import signal
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Tuple

import _root  # noqa: F401  puts the repository on the path
import numpy as np

from knet.layouts.youtube_vis import VisGroundTruth
from knet.results.exports.youtube_vis import write_submission
from knet.results.panoptic_store import PredictionWriter
from knet.results.track_store import VideoResultStore, track_records
from knet.structures import PanopticPrediction
from knet.utils.background import BackgroundWriter
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.options import add_config_options, add_precision_option, add_speed_options, merge_options
from knet.visualization.video import check_clip_name, write_video

if TYPE_CHECKING:
    import torch

    from knet.apis import VideoSegmenter
    from knet.apis.sources import FrameSource, Salvage
    from knet.det.protocols import Prediction

_VIDEO = 0
Pairs = Iterator[Tuple[np.ndarray, 'Prediction']]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('source', help='video file, folder of pictures, number of a camera, or URL of a stream')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory')
    parser.add_argument('--out', help='drawn result, .mp4 or .gif')
    parser.add_argument('--out-dir', help='folder for the predictions')
    parser.add_argument('--fresh', action='store_true', help='remove what another run left in OUT_DIR')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='draw and store these classes only')
    parser.add_argument('--fps', type=float, help='of the result; default: of the source, 10 for pictures')
    parser.add_argument('--max-frames', type=int, help='stop after so many frames')
    parser.add_argument('--alpha', type=float, default=0.5, help='opacity of the colours, 0..1 (default %(default)s)')
    parser.add_argument(
        '--show-score-thr', type=float, default=0.3, help='least score of drawn instances (default %(default)s)'
    )
    parser.add_argument('--device', help='cpu or cuda; default: GPU if there is one')
    add_precision_option(parser)
    add_speed_options(parser, graph=True)
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    add_config_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def check_args(args: argparse.Namespace) -> None:
    """Refuse what would fail after the work.

    Raises:
        UsageError: Naming the option to change.
    """
    if not (args.out or args.out_dir):
        raise UsageError('nothing to do: give --out FILE.mp4, --out-dir FOLDER, or both')
    if args.max_frames is not None and args.max_frames < 1:
        raise UsageError(f'--max-frames must be at least 1, got {args.max_frames}')
    if args.fps is not None and not 0 < args.fps <= 1000:
        raise UsageError(f'--fps must lie between 0 and 1000, got {args.fps}')
    if not 0 <= args.alpha <= 1:
        raise UsageError(f'--alpha must lie in 0..1, got {args.alpha}')
    if args.out:
        check_clip_name(args.out)
        if Path(args.out).exists() and Path(args.source).exists() and Path(args.out).samefile(args.source):
            raise UsageError(f'--out {args.out} is the source itself, which it would replace; choose another name')


@contextmanager
def stopped_by_ctrl_c(source: 'FrameSource') -> Iterator[None]:
    """Let the first Ctrl-C end a live source in order; the next one ends the program."""

    def stop(*_: Any) -> None:
        source.stop()
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    if source.is_live:
        print('Ctrl-C ends the recording; what was seen is kept')
        signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def frame_pairs(
    segmenter: 'VideoSegmenter', frames: 'Salvage', args: argparse.Namespace, meta: Dict[str, Any]
) -> Pairs:
    """Yield frames and predictions of a model of frames; store them if wanted."""
    if not args.out_dir:
        yield from segmenter.stream(frames)
        return
    names = {_VIDEO: meta['source']}
    with ExitStack() as stack:
        writer = stack.enter_context(
            PredictionWriter(args.out_dir, meta, not args.fresh, names=names, label_space=segmenter.label_space)
        )
        background = stack.enter_context(BackgroundWriter())
        for number, (frame, prediction) in enumerate(segmenter.stream(frames)):
            assert isinstance(prediction, PanopticPrediction), 'checked by check_model'
            background.submit(writer.write, _VIDEO, number, prediction.semantic, prediction.instance)
            yield frame, prediction
        if frames.fault is None:
            background.submit(writer.finish_video, _VIDEO, frames.count)


def clip_pairs(segmenter: 'VideoSegmenter', frames: 'Salvage', args: argparse.Namespace, meta: Dict[str, Any]) -> Pairs:
    """Yield frames and predictions of a clip model; store its tracks if wanted."""
    from knet.apis.sources import FrameSpool

    space = segmenter.label_space
    store = VideoResultStore(args.out_dir, meta, not args.fresh, space) if args.out_dir else None
    with FrameSpool() as spool:
        tracks = segmenter.segment_clip(spool.record(frames))
        if store is not None:
            records = track_records(tracks.scores, tracks.labels, tracks.segmentations, _VIDEO, space.thing_ids)
            store.write(_VIDEO, frames.count, records)
            names = {info.dataset_id: info.name for info in space.things}
            size = next(iter(spool)).shape[:2]
            truth = VisGroundTruth({_VIDEO: (frames.count, size)}, {_VIDEO: []}, names, meta['source'])
            write_submission(records, truth, args.out_dir)
        yield from zip(spool, segmenter.instances(tracks, spool))


def check_model(args: argparse.Namespace, segmenter: 'VideoSegmenter') -> None:
    """Refuse to store what does not fit into a folder of predictions.

    Raises:
        UsageError: If the model predicts instances of images.
    """
    if args.out_dir and segmenter.kind == 'image' and not segmenter.label_space.num_stuff:
        raise UsageError('instances of images overlap and do not fit into label maps; leave out --out-dir')


def timed(pairs: Pairs, spent: Dict[str, float]) -> Pairs:
    """Pass pairs on and add up the seconds until each."""
    spent.update(seconds=0.0, frames=0)
    start = time.perf_counter()
    for pair in pairs:
        spent['seconds'] += time.perf_counter() - start
        spent['frames'] += 1
        yield pair
        start = time.perf_counter()


def name_of(device: 'torch.device') -> str:
    """Return the name of a device for people."""
    import torch

    return f'{device} ({torch.cuda.get_device_name(device)})' if device.type == 'cuda' else str(device)


def main() -> None:
    """Segment, store, draw."""
    args = parse_args()
    check_args(args)
    from knet.apis import VideoSegmenter, load_config, resolve_checkpoint
    from knet.apis.running import progress_bar
    from knet.apis.scoring import run_identity
    from knet.apis.sources import Salvage, open_source

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    checkpoint = resolve_checkpoint(args.checkpoint)
    source = open_source(args.source)
    if args.max_frames:
        source.limit(args.max_frames)
    segmenter = VideoSegmenter(
        cfg, checkpoint, args.device, args.amp, args.trust_checkpoint, args.optimize, args.classes
    )
    check_model(args, segmenter)
    print(f'{type(segmenter.model).__name__} ({segmenter.kind} model) on {name_of(segmenter.device)}')
    print(f'classes: {", ".join(segmenter.class_names)}')
    meta = dict(run_identity(cfg, checkpoint, args.amp), source=source.name, classes=list(segmenter.class_names))
    frames = Salvage(source)
    spent: Dict[str, float] = {}
    predict = clip_pairs if segmenter.kind == 'clip' else frame_pairs
    start = time.perf_counter()
    with stopped_by_ctrl_c(source), progress_bar(source.length, 0, 'frames') as bar:

        def drawn() -> Iterator[np.ndarray]:
            for frame, prediction in timed(predict(segmenter, frames, args, meta), spent):
                bar.update()
                if args.out:
                    yield segmenter.draw(frame, prediction, args.alpha, legend=True, score_thr=args.show_score_thr)

        if args.out:
            write_video(args.out, drawn(), args.fps or source.fps)
        else:
            for _ in drawn():
                pass
    total = time.perf_counter() - start
    print(
        f'{frames.count} frames: {frames.count / max(spent["seconds"], 1e-9):.1f} frames/s to predict, '
        f'{frames.count / total:.1f} frames/s with drawing and writing'
    )
    for path in filter(None, (args.out, args.out_dir)):
        print(f'wrote {path}')
    if frames.fault is not None:
        raise frames.fault


if __name__ == '__main__':
    run_tool(main)
