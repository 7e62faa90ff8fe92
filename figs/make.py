"""Make the pictures of this folder from finished runs.

    python figs/make.py ladder     # toy_good.gif, toy_bad.gif: after tools/experiments/ladder.py
    python figs/make.py vis        # toy_vis.gif: after the toy commands of README's section on instances

toy.gif is the clip 005000.gif that tools/quickstart.sh leaves in work_dirs/quickstart/pictures. The drawings,
*.svg, are written by slides/build.py.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from knet.labels import KITTI_STEP, YOUTUBE_VIS_2019
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.layouts.youtube_vis import read_ground_truth
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import add_debug_option, run_tool
from knet.utils.io import read_json, read_picture
from knet.visualization import compare_video, draw_tracks, draw_true_tracks, side_by_side, write_video

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
    """Draw the first validation videos with their tracks beside the ground truth, one below the other."""
    data = ROOT / 'data' / 'toy' / 'youtube-vis'
    truth = read_ground_truth(data / 'valid.json').tracks
    videos = read_json(data / 'valid.json')['videos'][:2]

    def drawn(video: Dict[str, Any]) -> Iterator[np.ndarray]:
        files = [data / 'valid' / 'JPEGImages' / name for name in video['file_names']]
        frames = [read_picture(file) for file in files]
        tracks = read_json(ROOT / 'out' / 'toy_vis' / 'videos' / f'{video["id"]}.json')['tracks']
        predicted = draw_tracks(frames, tracks, YOUTUBE_VIS_2019, min_width=400)
        labelled = draw_true_tracks(frames, truth[video['id']], tracks, YOUTUBE_VIS_2019, min_width=400)
        titles = ['prediction', 'ground truth (grey: no track)']
        return (side_by_side(pair, titles, vertical=False) for pair in zip(predicted, labelled))

    write_video(FIGS / 'toy_vis.gif', map(np.concatenate, zip(*map(drawn, videos))), fps=3)
    print('toy_vis.gif')


def main() -> None:
    """Draw what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', choices=['ladder', 'vis'])
    add_debug_option(parser)
    {'ladder': ladder, 'vis': vis}[parser.parse_args().what]()


if __name__ == '__main__':
    run_tool(main)
