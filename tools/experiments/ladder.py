"""The paper's ladder in miniature: what every part of Video K-Net brings on toy streets, by seed.

    python tools/experiments/ladder.py [--seeds 0 1 2] [--work-dir work_dirs/ladder_toy]

Four models, each with one part more than the one before, from scratch on the same pairs of frames in the same order for
the same number of iterations; scored on unseen videos. One run after another; what a stopped experiment has finished is
kept. Writes results/ladder_toy.csv and prints the table of docs/results.md.
"""
from pathlib import Path

from _study import (ORIGIN, ROOT, VPS_SCORES, Row, commit, kept_row, minutes_of, parse_args, run_tool, table, tool,
                    train, vps_scores, write_csv)

NAME = 'ladder_toy'
#: Rungs in order; each is its config's name under configs/toy/ladder.
RUNGS = ('1_image', '2_embedding', '3_link', '4_joint_train')
DATA = ROOT / 'data' / 'toy' / 'ladder'
COLUMNS = ('rung', 'seed', *ORIGIN, *VPS_SCORES)


def config_of(rung: str) -> str:
    """Config file of a rung."""
    return f'configs/toy/ladder/{rung}.py'


def make_data() -> None:
    """120 videos to train on, 16 to score."""
    tool('tools/dataset/make_toy_videos.py', '--layout', 'kitti-step', '--out', DATA, '--train', 120, '--val', 16)


def one_run(rung: str, seed: int, work_dir: Path) -> Row:
    """Train, predict and score one rung; its row."""
    run_dir = work_dir / f'{rung}_{seed}'

    def make() -> Row:
        checkpoint = train(config_of(rung), run_dir, seed)
        tool('tools/test_step.py', config_of(rung), checkpoint, '--out-dir', run_dir / 'out', '--eval', 'stq', 'vpq')
        return dict(rung=rung, seed=seed, config=config_of(rung), commit=commit(), minutes=minutes_of(run_dir),
                    **vps_scores(run_dir / 'out'))

    return kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    args, rows = parse_args(__doc__, NAME), []
    make_data()
    for seed in args.seeds:
        for rung in RUNGS:
            rows.append(one_run(rung, seed, args.work_dir))
            write_csv(args.csv, COLUMNS, rows)
    print(table(rows, 'rung', VPS_SCORES))


if __name__ == '__main__':
    run_tool(main)
