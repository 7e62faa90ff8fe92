"""Check that a test with 100,000 finished prediction files goes on at once: ``python -m tests.drills.many_files``.

The frames of all videos are links to those of one, and the predictions, of all videos but the last, to two maps each.
The steps of ``tools/test_step.py`` are timed. The exit code is 1 if finding what is missing takes five seconds or more.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

import numpy as np
import torch

from knet.apis import build_data, build_model, load_config, stream_videos
from knet.results.panoptic_store import PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from tests.tools.conftest import CONFIG, ROOT


def link_all(folder: Path, videos: Sequence[int]) -> None:
    """Give all videos the files of the first of them, as links."""
    begin = f'{videos[0]:06d}_'
    for source in list(folder.glob(f'{begin}*')):
        for video in videos[1:]:
            os.link(str(source), str(folder / f'{video:06d}_{source.name[len(begin) :]}'))


def fill(out: Path, videos: Sequence[int], frames: int) -> None:
    """Finish videos."""
    one = np.zeros((64, 160), dtype=np.uint8)
    with PredictionWriter(out, {}) as writer:
        for video in videos:
            writer.write(video, 0, one, one)
            folder = out / 'panoptic' / str(video)
            for frame in range(1, frames):
                for kind in ('cat', 'ins'):
                    name = f'{video:06d}_{{:06d}}_{kind}.png'
                    os.link(str(folder / name.format(0)), str(folder / name.format(frame)))
            writer.finish_video(video, frames)


def main() -> int:
    """Make the files, go on, and tell how long it took to know what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--videos', type=int, default=501, help='of the data set; one of them is not finished')
    parser.add_argument('--frames', type=int, default=100, help='of each video')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='many-files-') as name:
        folder = Path(name)
        spec = ToySpec(train=0, val=1, frames=args.frames, height=64, width=160)
        make_toy_videos(folder / 'street', 'kitti-step', spec)
        files = folder / 'street/video_sequence/val'
        first = int(min(path.name for path in files.iterdir()).partition('_')[0])
        videos = range(first, first + args.videos)
        link_all(files, videos)
        fill(folder / 'out', videos[:-1], args.frames)
        (folder / 'many.py').write_text(CONFIG.format(root=ROOT, data=folder / 'street'))
        cfg = load_config(str(folder / 'many.py'))
        model = build_model(cfg).eval()
        number = len(list((folder / 'out/panoptic').glob('*/*.png')))
        moments = [time.perf_counter()]
        dataset = build_data(cfg, 'test')
        moments.append(time.perf_counter())
        writer = PredictionWriter(folder / 'out', {})
        missing = [v for v, indices in dataset.video_indices().items() if not writer.is_complete(v, len(indices))]
        moments.append(time.perf_counter())
        torch.manual_seed(0)
        predicted = stream_videos(model, dataset, writer, show_progress=False)
        moments.append(time.perf_counter())
        writer.close()
        moments.append(time.perf_counter())
    listing, finding, streaming, closing = (later - former for former, later in zip(moments, moments[1:]))
    print(f'{number} prediction files, {len(dataset)} frames in the data set')
    print(f'listing the data set {listing:.1f} s, finding what is missing {finding:.1f} s')
    print(f'predicting {predicted} frames of video {missing} {streaming:.1f} s, closing {closing:.1f} s')
    return int(finding >= 5 or missing != [videos[-1]] or predicted != args.frames)


if __name__ == '__main__':
    sys.exit(main())
