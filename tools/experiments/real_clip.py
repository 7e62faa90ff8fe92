"""A real clip, with and without pre-training on toy streets.

    python tools/experiments/real_clip.py --clip CLIP [--seeds 0] [--work-dir work_dirs/real_clip]

CLIP holds images/FFFFFF.jpg and panoptic/FFFFFF.png (KITTI-STEP encoding), frames 0 to 100: 0-69 are trained on, 70-100
scored. The toy weights are those of the last rung of ladder.py. Writes results/real_clip.csv and prints the table of
docs/results.md; overlays are in the work directory. Finished runs are kept.
"""

from pathlib import Path

import _study as study
import ladder

NAME = 'real_clip'
CONFIG = 'configs/toy/video_knet_toy_clip.py'
COLUMNS = ('start', 'seed', *study.ORIGIN, *study.VPS_SCORES)
#: What the weights start from: the name in the table, and of the folder.
STARTS = {'random': 'scratch', 'toy streets': 'pretrained'}


def run_dir_of(start: str, seed: int, work_dir: Path) -> Path:
    """Folder of one run."""
    return work_dir / f'{STARTS[start]}_{seed}'


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
            start=start, seed=seed, config=CONFIG, commit=study.commit(), minutes=study.minutes_of(run_dir), **scores
        )

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    parser = study.parser(__doc__, NAME)
    parser.add_argument('--clip', type=study.absolute, required=True, help='folder with images and panoptic')
    parser.set_defaults(seeds=[0])
    args, rows = parser.parse_args(), []
    study.tool(
        'tools/dataset/frames_to_kitti_step.py',
        '--images',
        args.clip / 'images',
        '--panoptic',
        args.clip / 'panoptic',
        '--dst',
        args.work_dir / 'data',
        '--train',
        '0-69',
        '--val',
        '70-100',
        '--height',
        192,
    )
    for seed in args.seeds:
        ladder.make_data()
        ladder.one_run(ladder.RUNGS[-1], seed, args.work_dir.parent / ladder.NAME)
        for start in STARTS:
            rows.append(one_run(start, seed, args.work_dir))
            study.write_csv(args.csv, COLUMNS, rows)
    print(study.table(rows, 'start', study.VPS_SCORES))


if __name__ == '__main__':
    study.run_tool(main)
