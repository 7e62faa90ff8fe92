"""What the link of video semantic segmentation brings on toy streets: K-Net with and without it, by seed.

    python tools/experiments/vss_toy.py [--seeds 0 1 2] [--work-dir work_dirs/vss_toy]
    python tools/experiments/vss_toy.py --world hard      # look-alikes, twilight, blur: writes results/vss_hard.csv

Both models see the same pairs of frames in the same order for the same number of iterations: from scratch, and, as the
paper trains, starting from the image model (the one without link from scratch). One run after another; what a stopped
experiment has finished is kept. Writes results/vss_toy.csv and prints the table of docs/vss.md.
"""

import json
from pathlib import Path
from typing import NamedTuple, Optional

import _study as study

NAME = 'vss_toy'
SCORES = ('mIoU', 'wIoU', 'VC8', 'VC16', 'VC8_paper', 'VC16_paper')
COLUMNS = ('link', 'seed', *study.ORIGIN, *SCORES)
SIZE = ('--frames', 24, '--height', 64, '--width', 208)


class Arm(NamedTuple):
    """One way to train.

    Attributes:
        config: Config file.
        folder: Of its runs.
        start: Folder of the runs whose weights it starts from; None = from scratch.
    """

    config: str
    folder: str
    start: Optional[str] = None


OFF, ON = 'configs/toy/knet_toy_vspw.py', 'configs/toy/video_knet_toy_vspw.py'
#: In an order in which nothing starts from a later one.
ARMS = {
    'off, from scratch': Arm(OFF, 'off'),
    'on, from scratch': Arm(ON, 'on'),
    'off, from the image model': Arm(OFF, 'off_more', start='off'),
    'on, from the image model': Arm(ON, 'on_more', start='off'),
}


def make_data(world: str) -> None:
    """Make 40 videos to train on and 8 to score."""
    study.make_streets('vspw', study.data_of('vspw', world), 40, 8, *SIZE, *study.WORLDS[world])


def one_run(name: str, seed: int, work_dir: Path, world: str) -> study.Row:
    """Train, predict and score once; a row of the table, in percent."""
    arm = ARMS[name]
    run_dir = work_dir / f'{arm.folder}_{seed}'
    data = ['--cfg-options', *study.data_roots(study.data_of('vspw', world), train='train')]

    def make() -> study.Row:
        start = ['--load-from', work_dir / f'{arm.start}_{seed}' / 'latest.pth'] if arm.start else []
        checkpoint = study.train(arm.config, run_dir, seed, *start, *data)
        test = ('--out-dir', run_dir / 'out', '--eval', 'miou', 'vc')
        study.tool('tools/test_step.py', arm.config, checkpoint, *test, *data)
        found = json.loads((run_dir / 'out' / 'vss.json').read_text())
        return dict(
            link=name,
            seed=seed,
            config=arm.config,
            commit=study.commit(),
            minutes=study.minutes_of(run_dir),
            **study.percent(study.headline_of(found)),
        )

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    args, rows = study.parse_with_world(study.parser(__doc__, NAME)), []
    make_data(args.world)
    for seed in args.seeds:
        for name in ARMS:
            rows.append(one_run(name, seed, args.work_dir, args.world))
            study.write_csv(args.csv, COLUMNS, rows)
    print(study.table(rows, 'link', SCORES, digits=2))


if __name__ == '__main__':
    study.run_tool(main)
