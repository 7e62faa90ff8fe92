r"""The paper's ladder in miniature: what every part of Video K-Net brings on toy streets, by seed.

    python tools/experiments/ladder.py [--seeds 0 1 2] [--work-dir work_dirs/ladder_toy]

Four models, each with one part more than the one before, from scratch on the same pairs of frames in the same order for
the same number of iterations; scored on unseen videos. One run after another; what a stopped experiment has finished is
kept. Writes results/ladder_toy.csv and prints the table of docs/results.md.

    python tools/experiments/ladder.py --world hard       # look-alikes, twilight, blur: writes results/ladder_hard.csv
    python tools/experiments/ladder.py --rungs 2_embedding 3_link --seeds 0 --iterations 1440 \\
        --work-dir work_dirs/ladder_toy_long --csv results/ladder_toy_long.csv      # does a longer training change it?
"""

from pathlib import Path

import _study as study

NAME = 'ladder_toy'
#: Rungs in order; each is its config's name under configs/toy/ladder.
RUNGS = ('1_image', '2_embedding', '3_link', '4_joint_train')
ITERATIONS = 720
COLUMNS = ('rung', 'seed', *study.ORIGIN, *study.VPS_SCORES)


def config_of(rung: str) -> str:
    """Config file of a rung."""
    return f'configs/toy/ladder/{rung}.py'


def run_dir_of(rung: str, seed: int, work_dir: Path) -> Path:
    """Folder of one run."""
    return work_dir / f'{rung}_{seed}'


def make_data(world: str = 'toy') -> None:
    """120 videos to train on, 16 to score."""
    study.make_streets('kitti-step', study.data_of('ladder', world), 120, 16, *study.WORLDS[world])


def one_run(rung: str, seed: int, work_dir: Path, iterations: int = ITERATIONS, world: str = 'toy') -> study.Row:
    """Train, predict and score one rung; its row."""
    run_dir = run_dir_of(rung, seed, work_dir)
    data = study.data_roots(study.data_of('ladder', world))

    def make() -> study.Row:
        options = ('--cfg-options', f'runner.max_iters={iterations}', *data)
        checkpoint = study.train(config_of(rung), run_dir, seed, *options)
        scores = study.predict(config_of(rung), checkpoint, run_dir / 'out', data)
        return dict(
            rung=rung,
            seed=seed,
            config=config_of(rung),
            commit=study.commit(),
            minutes=study.minutes_of(run_dir),
            **scores,
        )

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    parser = study.parser(__doc__, NAME)
    parser.add_argument('--rungs', nargs='+', choices=RUNGS, default=RUNGS, help='default: all')
    parser.add_argument('--iterations', type=int, default=ITERATIONS, help='of each run (default: %(default)s)')
    args, rows = study.parse_with_world(parser), []
    make_data(args.world)
    for seed in args.seeds:
        for rung in args.rungs:
            rows.append(one_run(rung, seed, args.work_dir, args.iterations, args.world))
            study.write_csv(args.csv, COLUMNS, rows)
    print(study.table(rows, 'rung', study.VPS_SCORES))


if __name__ == '__main__':
    study.run_tool(main)
