"""Segment and track a video file or a folder of frames; write the result as a video.

python tools/demo_video.py VIDEO_OR_FOLDER CONFIG CHECKPOINT --out result.mp4
"""

import argparse
from pathlib import Path
from typing import Iterator, Tuple

import _root  # noqa: F401  puts the repository on the path
import cv2
import numpy as np

from knet.apis import VideoSegmenter, load_config
from knet.apis.config import add_config_options, merge_options
from knet.apis.running import progress_bar
from knet.utils.cli import UsageError, add_debug_option, run_tool
from knet.visualization import write_video

_IMAGES = ('.png', '.jpg', '.jpeg', '.bmp')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description='Segment and track a video.')
    parser.add_argument('source', help='video file, or folder of pictures (taken in order of their names)')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file, or a work directory')
    parser.add_argument('--out', required=True, help='result, .mp4 or .gif')
    parser.add_argument('--fps', type=float, help='of the result; default: of the source, 10 for pictures')
    parser.add_argument('--max-frames', type=int, help='stop after so many frames')
    parser.add_argument('--alpha', type=float, default=0.5, help='opacity of the colours, 0..1')
    parser.add_argument('--device', help='cpu or cuda; default: GPU if there is one')
    parser.add_argument('--optimize', action='store_true', help='freeze the backbone for speed')
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    add_config_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def picture_frames(folder: Path) -> Tuple[Iterator[np.ndarray], int, float]:
    """Frames of a folder; see :func:`open_source`."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in _IMAGES)
    if not files:
        raise UsageError(f'no pictures ({", ".join(_IMAGES)}) in {folder}')

    def frames() -> Iterator[np.ndarray]:
        for path in files:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                raise UsageError(f'cannot read image {path}')
            yield picture

    return frames(), len(files), 10.0


def open_source(source: str) -> Tuple[Iterator[np.ndarray], int, float]:
    """Open a video file or a folder.

    Args:
        source: Path.

    Returns:
        (H, W, 3) uint8 BGR frames, their (expected) number, frames per second.

    Raises:
        UsageError: If it does not exist or cannot be decoded.
    """
    path = Path(source)
    if path.is_dir():
        return picture_frames(path)
    if not path.is_file():
        raise UsageError(f'no such video or folder: {source}')
    capture = cv2.VideoCapture(str(path))
    ok, first = capture.read()
    if not ok:
        raise UsageError(f'cannot decode {source}: no video, or a codec that this OpenCV lacks')

    def frames() -> Iterator[np.ndarray]:
        more, frame = True, first
        while more:
            yield frame
            more, frame = capture.read()
        capture.release()

    return frames(), int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS) or 10.0


def main() -> None:
    """Segment, draw, write."""
    args = parse_args()
    if Path(args.out).suffix.lower() not in ('.mp4', '.gif'):
        raise UsageError(f'--out {args.out}: the name must end in .mp4 or .gif')
    frames, count, fps = open_source(args.source)
    count = min(count, args.max_frames or count)
    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    segmenter = VideoSegmenter(cfg, args.checkpoint, args.device, trust=args.trust_checkpoint, optimize=args.optimize)
    state = segmenter.init_state()

    def drawn() -> Iterator[np.ndarray]:
        with progress_bar(count, 0, 'frames') as bar:
            for number, frame in enumerate(frames):
                if args.max_frames and number >= args.max_frames:
                    break
                yield segmenter.draw(frame, segmenter.step(frame, state), args.alpha)
                bar.update()

    write_video(args.out, drawn(), args.fps or fps)
    print(f'wrote {args.out}')


if __name__ == '__main__':
    run_tool(main)
