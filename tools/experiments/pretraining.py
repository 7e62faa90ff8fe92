"""What pre-training on single frames brings: image K-Net first, then Video K-Net, against video alone; by seed.

    python tools/experiments/pretraining.py [--seeds 0 1 2] [--work-dir work_dirs/pretraining_toy]

Both ways see as many frames: 720 iterations of two pairs from scratch (the last rung of ladder.py), or 720 iterations
of two single frames of other streets in the Cityscapes-STEP layout, then 360 of two pairs; these also without the link,
to see what it brings to a pre-trained model. Writes results/pretraining_toy.csv and prints the table of
docs/results.md. Finished runs are kept, also those of ladder.py.
"""

from pathlib import Path

import _study as study
import ladder

NAME = 'pretraining_toy'
IMAGES = 'configs/toy/ladder/0_pretraining.py'
VIDEOS = ladder.config_of(ladder.RUNGS[-1])
COLUMNS = ('start', 'seed', *study.ORIGIN, *study.VPS_SCORES)


def make_data() -> None:
    """Make the streets of ladder.py, and 120 others for the images."""
    ladder.make_data()
    study.make_streets('cityscapes-step', study.data_of('ladder', 'images'), 120, 1, '--seed', 1)


def pretrained(seed: int, work_dir: Path, linked: bool = True) -> study.Row:
    """Train images, then pairs; predict and score."""
    images = work_dir / f'images_{seed}'
    run_dir = work_dir / f'{"linked" if linked else "unlinked"}_{seed}'
    options = [] if linked else ['model.link_previous=False']

    def make() -> study.Row:
        start = study.train(IMAGES, images, seed)
        checkpoint = study.train(
            VIDEOS, run_dir, seed, '--load-from', start, '--cfg-options', 'runner.max_iters=360', *options
        )
        scores = study.predict(VIDEOS, checkpoint, run_dir / 'out', options)
        minutes = study.minutes_of(images) + study.minutes_of(run_dir)
        return dict(
            start='images first' if linked else 'images first, no link',
            seed=seed,
            config=f'{IMAGES} {VIDEOS}',
            commit=study.commit(),
            minutes=round(minutes, 1),
            **scores,
        )

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    args, rows = study.parser(__doc__, NAME).parse_args(), []
    make_data()
    for seed in args.seeds:
        scratch = ladder.one_run(ladder.RUNGS[-1], seed, args.work_dir.parent / ladder.NAME)
        rows += [
            dict(scratch, start='video alone'),
            pretrained(seed, args.work_dir),
            pretrained(seed, args.work_dir, linked=False),
        ]
        study.write_csv(args.csv, COLUMNS, rows)
    print(study.table(rows, 'start', study.VPS_SCORES))


if __name__ == '__main__':
    study.run_tool(main)
