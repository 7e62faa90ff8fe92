"""Make the pictures of this folder from finished runs.

    python figs/make.py ladder     # toy_good.gif, toy_bad.gif: after tools/experiments/ladder.py
    python figs/make.py vis        # toy_vis.gif: after the toy commands of README's section on instances

toy.gif is the clip 005000.gif that tools/quickstart.sh leaves in work_dirs/quickstart/pictures.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Iterator, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from knet.labels import KITTI_STEP, YOUTUBE_VIS_2019
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import add_debug_option, run_tool
from knet.utils.io import read_picture
from knet.visualization import compare_video, write_video
from knet.visualization.tracks import draw_tracks

ROOT = Path(__file__).resolve().parents[1]
FIGS = ROOT / 'figs'


def ladder() -> None:
    """Draw the videos of the best and the lowest STQ of the ladder's last rung, seed 0."""
    out = ROOT / 'work_dirs' / 'ladder_toy' / '4_joint_train_0' / 'out'
    scores = json.loads((out / 'stq.json').read_text())['per_video']
    order = sorted(scores, key=lambda video: scores[video]['STQ'])
    predictions, truth = PredictionReader(out), KittiStepGroundTruth(ROOT / 'data' / 'toy' / 'ladder', 'val')
    for name, video in (('good', order[-1]), ('bad', order[0])):
        write_video(FIGS / f'toy_{name}.gif', compare_video(predictions, truth, KITTI_STEP, int(video), 1, 480))
        print(f'toy_{name}.gif: video {video}, STQ {100 * scores[video]["STQ"]:.1f}')


def vis() -> None:
    """Draw the first four validation videos with their tracks, one below the other."""
    data = ROOT / 'data' / 'toy' / 'youtube-vis'
    videos = json.loads((data / 'valid.json').read_text())['videos'][:4]

    def drawn(video: dict) -> Iterator[np.ndarray]:
        files = [data / 'valid' / 'JPEGImages' / name for name in video['file_names']]
        stored = json.loads((ROOT / 'out' / 'toy_vis' / 'videos' / f'{video["id"]}.json').read_text())
        return draw_tracks((read_picture(file) for file in files), stored['tracks'], YOUTUBE_VIS_2019)

    def tiled(four: Tuple[np.ndarray, ...]) -> np.ndarray:
        rows = [np.concatenate(pair, axis=1) for pair in (four[:2], four[2:])]
        return np.concatenate(rows)[::2, ::2]

    write_video(FIGS / 'toy_vis.gif', map(tiled, zip(*map(drawn, videos))), fps=3)
    print('toy_vis.gif')


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['ladder', 'vis'])
    add_debug_option(parser)
    {'ladder': ladder, 'vis': vis}[parser.parse_args().what]()


if __name__ == '__main__':
    run_tool(main)
