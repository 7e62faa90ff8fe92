"""A real clip, with and without pre-training on toy streets.

    python tools/experiments/real_clip.py --clip CLIP [--seeds 0 1 2] [--work-dir work_dirs/real_clip]

CLIP holds images/FFFFFF.jpg and panoptic/FFFFFF.png (KITTI-STEP encoding), frames 0 to 100: 0-69 are trained on, 70-100
scored, as panoptic video, by the classes alone (VSS) and by the tracks alone (VIS). The toy weights are those of the
last rung of ladder.py. Writes results/real_clip.csv and prints the table of docs/results.md; overlays are in the work
directory. Finished runs are kept.
"""

from pathlib import Path

import _study as study
import ladder

from knet.utils.io import read_json

NAME = 'real_clip'
CONFIG = 'configs/toy/video_knet_toy_clip.py'
#: The same predictions seen as video semantic and as video instance segmentation.
VIEWS = ('mIoU', 'VC8', 'VC16', 'AP', 'AP50', 'AR10')
COLUMNS = ('start', 'seed', *study.ORIGIN, *study.VPS_SCORES, *VIEWS)
#: What the weights start from: the name in the table, and of the folder.
STARTS = {'random': 'scratch', 'toy streets': 'pretrained'}


def run_dir_of(start: str, seed: int, work_dir: Path) -> Path:
    """Folder of one run."""
    return work_dir / f'{STARTS[start]}_{seed}'


def make_data(clip: Path, work_dir: Path) -> None:
    """Convert the clip for training and tests, and its tracks for their precision."""
    # Videos of YouTube-VIS have their number plus one; so both have number 1.
    for layout, folder, video in (('kitti-step', 'data', 1), ('youtube-vis', 'tracks', 0)):
        source = ('--images', clip / 'images', '--panoptic', clip / 'panoptic', '--height', 192)
        frames = ('--train', '0-69', '--val', '70-100')
        target = ('--layout', layout, '--video', video, '--label-space', 'kitti_step', '--out-dir', work_dir / folder)
        study.tool('tools/dataset/frames_to_video.py', *source, *frames, *target)


def view(checkpoint: Path, run_dir: Path, work_dir: Path) -> study.Row:
    """Score the predictions of a run by their classes alone and by their tracks alone; :data:`VIEWS` in percent."""
    out, tracks = run_dir / 'out', run_dir / 'tracks'
    options = ('--cfg-options', *study.data_roots(work_dir / 'data'))
    study.tool('tools/test_step.py', CONFIG, checkpoint, '--out-dir', out, '--eval', 'miou', 'vc', *options)
    study.tool('tools/export.py', 'youtube-vis-json', out, '--out-dir', tracks)
    truth = work_dir / 'tracks/valid.json'
    study.tool('tools_vis/eval_vis.py', tracks / 'results.json', truth, '--json', tracks / 'ap.json')
    found = {**study.headline_of(read_json(out / 'vss.json')), **read_json(tracks / 'ap.json')}
    return study.percent({name: found[name] for name in VIEWS})


def one_run(start: str, seed: int, work_dir: Path) -> study.Row:
    """Train, predict, score and draw once; its row."""
    run_dir, data = run_dir_of(start, seed, work_dir), work_dir / 'data'

    def make() -> study.Row:
        toy = ladder.run_dir_of(ladder.RUNGS[-1], seed, work_dir.parent / ladder.NAME) / 'latest.pth'
        weights = [] if start == 'random' else ['--load-from', toy]
        checkpoint = study.train(CONFIG, run_dir, seed, *weights, '--cfg-options', *study.data_roots(data))
        scores = study.predict(CONFIG, checkpoint, run_dir / 'out', study.data_roots(data))
        study.tool('tools/visualize.py', run_dir / 'out', data, '--out', run_dir / 'pictures', '--gif')
        return dict(
            start=start,
            seed=seed,
            config=CONFIG,
            commit=study.commit(),
            minutes=study.minutes_of(run_dir),
            **scores,
            **view(checkpoint, run_dir, work_dir),
        )

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    parser = study.parser(__doc__, NAME)
    parser.add_argument('--clip', type=study.absolute, required=True, help='folder with images and panoptic')
    args, rows = parser.parse_args(), []
    make_data(args.clip, args.work_dir)
    for seed in args.seeds:
        ladder.make_data()
        ladder.one_run(ladder.RUNGS[-1], seed, args.work_dir.parent / ladder.NAME)
        for start in STARTS:
            rows.append(one_run(start, seed, args.work_dir))
            study.write_csv(args.csv, COLUMNS, rows)
    print(study.table(rows, 'start', (*study.VPS_SCORES, *VIEWS)))


if __name__ == '__main__':
    study.run_tool(main)
