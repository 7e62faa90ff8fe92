"""Check that a long stream needs no more memory or open files as it goes: ``python -m tests.drills.long_stream``.

One video is read, passed through a tiny model with tracker, and written, as ``tools/test_step.py`` does. Every 200
frames a row tells the memory of this process and of its loader, open files, and threads. The exit code is 1 if one of
them is higher at the end than after the first rows, which warm up.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, List, Tuple

import torch

from knet.apis import build_data, build_model, load_config, stream_videos
from knet.results.panoptic_store import PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from tests.tools.conftest import CONFIG, ROOT

EVERY = 200
WARM_UP = 2  # rows
#: MB, open files, threads.
Usage = Tuple[float, int, int]


def usage() -> Usage:
    """Return what this process and its loader use."""
    own = Path('/proc/self')
    children = [child for path in own.glob('task/*/children') for child in path.read_text().split()]
    memory = sum(_memory(Path('/proc', process)) for process in ('self', *children))
    return memory, len(os.listdir('/proc/self/fd')), len(os.listdir('/proc/self/task'))


def _memory(process: Path) -> float:
    """Return the resident memory of a process in MB; 0 if it has just ended."""
    try:
        lines = (process / 'status').read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith('VmRSS')), 0.0)


class WatchedWriter(PredictionWriter):
    """A prediction store that looks at the process every 200 frames."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: List[Usage] = []
        self._since = time.perf_counter()

    def write(self, video_id: int, frame_id: int, *maps: Any) -> None:
        """Write a frame, and print a row now and then."""
        super().write(video_id, frame_id, *maps)
        if (frame_id + 1) % EVERY == 0:
            now = time.perf_counter()
            self.rows.append(usage())
            memory, files, threads = self.rows[-1]
            speed = (now - self._since) / EVERY * 1000
            print(f'| {frame_id + 1} | {memory:.0f} MB | {files} | {threads} | {speed:.1f} ms |', flush=True)
            self._since = now


def main() -> int:
    """Stream, and compare the last row with the first ones after the warm-up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--frames', type=int, default=2000, help='length of the video, at least 800')
    parser.add_argument('--slack', type=float, default=16.0, metavar='MB', help='growth that is no growth')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='long-stream-') as name:
        folder = Path(name)
        # Somewhat longer, so that the loader still lives when the last row is printed.
        spec = ToySpec(train=0, val=1, frames=args.frames + EVERY // 2, height=64, width=160)
        make_toy_videos(folder / 'street', 'kitti-step', spec)
        (folder / 'stream.py').write_text(CONFIG.format(root=ROOT, data=folder / 'street'))
        cfg = load_config(str(folder / 'stream.py'))
        torch.manual_seed(0)
        model: Any = build_model(cfg).eval()
        print('| frames | memory | open files | threads | per frame |\n|---|---|---|---|---|')
        writer = WatchedWriter(folder / 'out', {})
        with writer:
            stream_videos(model, build_data(cfg, 'test'), writer, show_progress=False)
    early, last = writer.rows[WARM_UP : WARM_UP + 2], writer.rows[-1]
    highest = [max(values) for values in zip(*early)]
    grown = last[0] > highest[0] + args.slack or last[1] > highest[1] or last[2] > highest[2]
    print('grows' if grown else 'flat')
    return int(grown)


if __name__ == '__main__':
    sys.exit(main())
