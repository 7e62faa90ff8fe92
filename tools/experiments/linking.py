r"""When does linking kernels help? The experiments of docs/linking.md, whose hypotheses have the same letters.

    python tools/experiments/linking.py                      # everything, in the order of the queue
    python tools/experiments/linking.py --arms linked memory --seeds 0 1 2

All arms train at a third of the pixels of the ladder on two samples per iteration of the same 120 streets, from scratch
for 480 iterations or, in the arms called ``warm_...``, for 360 iterations from the unlinked arm of the same seed; they
are scored on 16 unseen streets. One run after another; what a stopped experiment has finished is kept, and
a training that was stopped continues. Writes results/linking_toy.csv, one row per finished run, and prints the tables
of docs/linking.md.
"""

import json
import os
from pathlib import Path
from statistics import mean
from typing import Dict, List, NamedTuple, Sequence, Tuple

import _study as study

NAME = 'linking_toy'
ITERATIONS, WARM_ITERATIONS = 480, 360
LADDER = 'configs/toy/ladder'
UNLINKED, LINKED = f'{LADDER}/2_embedding.py', f'{LADDER}/3_link.py'
#: The linked rung, in which the variants of link_variants.py have names.
VARIANT = 'tools/experiments/link_variants_config.py'
#: World -> options of its streets.
WORLDS: Dict[str, Sequence[str]] = {'look-alikes': study.LOOK_ALIKES, 'default': ()}
SIZE = ('--height', 64, '--width', 160)
COLUMNS = ('hypothesis', 'world', 'start', 'arm', 'seed', 'iterations', *study.ORIGIN, 'loss_track', *study.VPS_SCORES)


class Arm(NamedTuple):
    """One way to train.

    Attributes:
        hypothesis: Letter in docs/linking.md.
        config: Config file.
        options: Overrides of the config.
        iterations: Length of the training.
        warm: Whether it starts from the unlinked arm of the same world and seed, and not from random weights.
    """

    hypothesis: str
    config: str
    options: Tuple[str, ...] = ()
    iterations: int = ITERATIONS
    warm: bool = False


_MASK_HEAD = 'model.roi_head.mask_head'
_FAR = ('data.train.dataset.ref_seq_index=[-5,-4,-3,-2,2,3,4,5]',)
_FROM_SCRATCH: Dict[str, Arm] = {
    'unlinked': Arm('a', UNLINKED),
    'linked': Arm('a', LINKED),
    'image': Arm('a', f'{LADDER}/1_image.py'),
    'joint_train': Arm('a', f'{LADDER}/4_joint_train.py'),
    'unlinked_loss': Arm(
        'b', VARIANT, ('model.type=VideoKNet', 'model.ref_losses=False', 'model.embedding.type=query_both')
    ),
    'memory': Arm('b', VARIANT, ('model.type=PastFramesVideoKNet', 'data.train.dataset.type=PastFramesDataset')),
    'stop_gradient': Arm('b', VARIANT, ('model.roi_head.type=StopGradientIterHead',)),
    'mask_link': Arm(
        'c', LINKED, (f'{_MASK_HEAD}.previous_type=None', f'{_MASK_HEAD}.previous_link=update_dynamic_cov')
    ),
    'unlinked_far': Arm('d', UNLINKED, _FAR),
    'linked_far': Arm('d', LINKED, _FAR),
    'self_link': Arm('f', VARIANT, ('model.type=SelfLinkedVideoKNet',)),
    'unlinked_3x': Arm('e', UNLINKED, iterations=3 * ITERATIONS),
    'linked_3x': Arm('e', LINKED, iterations=3 * ITERATIONS),
}
ARMS: Dict[str, Arm] = {
    **_FROM_SCRATCH,
    **{
        f'warm_{name}': arm._replace(iterations=WARM_ITERATIONS, warm=True)
        for name, arm in _FROM_SCRATCH.items()
        if arm.iterations == ITERATIONS
    },
}
Run = Tuple[str, str, int]
#: What is run without options, most wanted first: world, arm, seed.
QUEUE: List[Run] = [
    *(('look-alikes', arm, 0) for arm in ('unlinked', 'linked', 'unlinked_loss', 'self_link')),
    *(('look-alikes', f'warm_{arm}', 0) for arm in ('linked', 'unlinked', 'self_link', 'mask_link')),
    *(('look-alikes', f'warm_{arm}', 0) for arm in ('linked_far', 'unlinked_far', 'stop_gradient', 'memory')),
    *(('look-alikes', arm, 1) for arm in ('unlinked', 'self_link', 'linked')),
    ('look-alikes', 'warm_unlinked_loss', 0),
    *(('look-alikes', f'warm_{arm}', 1) for arm in ('linked', 'unlinked', 'self_link')),
    *(('look-alikes', arm, 2) for arm in ('unlinked', 'self_link', 'linked')),
    *(('look-alikes', f'warm_{arm}', 2) for arm in ('linked', 'unlinked', 'self_link')),
    *(('default', arm, 0) for arm in ('unlinked', 'linked', 'self_link')),
    *(('look-alikes', arm, 0) for arm in ('linked_3x', 'unlinked_3x', 'memory')),
    *(('look-alikes', f'warm_{arm}', seed) for seed in (1, 2) for arm in ('mask_link', 'linked_far', 'unlinked_far')),
    *(('look-alikes', f'warm_{arm}', seed) for seed in (1, 2) for arm in ('stop_gradient', 'memory', 'unlinked_loss')),
    *(('default', arm, seed) for seed in (1, 2) for arm in ('unlinked', 'linked', 'self_link')),
]


def make_data(world: str) -> None:
    """Make 120 videos to train on and 16 to score."""
    study.make_streets('kitti-step', study.data_of('linking', world), 120, 16, *SIZE, *WORLDS[world])


def run_dir_of(run: Run, work_dir: Path) -> Path:
    """Return the folder of one run."""
    world, arm, seed = run
    return work_dir / f'{world}_{arm}_{seed}'


def options_of(run: Run) -> List[str]:
    """Return the overrides of the config of a run."""
    return [*study.data_roots(study.data_of('linking', run[0])), *ARMS[run[1]].options]


def final_loss(run_dir: Path) -> float:
    """Return the mean of ``loss_track`` over the last two intervals that a training logged."""
    lines = [json.loads(line) for log in sorted(run_dir.glob('*.log.json')) for line in log.read_text().splitlines()]
    return mean(line['loss_track'] for line in lines[-2:] if 'loss_track' in line)


def one_run(run: Run, work_dir: Path) -> study.Row:
    """Train, predict and score one arm; return its row."""
    world, name, seed = run
    arm, run_dir = ARMS[name], run_dir_of(run, work_dir)
    options = options_of(run)
    schedule = [f'runner.max_iters={arm.iterations}', f'checkpoint_config.interval={ITERATIONS // 4}']

    def make() -> study.Row:
        make_data(world)
        start: Tuple[object, ...] = ()
        if arm.warm:
            origin = (world, 'unlinked', seed)
            one_run(origin, work_dir)
            start = ('--load-from', run_dir_of(origin, work_dir) / 'latest.pth')
        checkpoint = study.train(arm.config, run_dir, seed, *start, '--cfg-options', *options, *schedule)
        scores = study.predict(arm.config, checkpoint, run_dir / 'out', options)
        return dict(
            hypothesis=arm.hypothesis,
            world=world,
            arm=name,
            seed=seed,
            iterations=arm.iterations,
            config=arm.config,
            commit=study.commit(),
            minutes=study.minutes_of(run_dir),
            loss_track=final_loss(run_dir),
            **scores,
        )

    return study.kept_row(run_dir / 'row.json', make)


def finished(work_dir: Path) -> List[study.Row]:
    """Return the rows of all finished runs, by world, arm and seed as they are listed here."""
    rows = [json.loads(path.read_text()) for path in work_dir.glob('*/row.json')]
    for row in rows:
        row['start'] = f'{row["world"]} {"warm" if ARMS[row["arm"]].warm else "scratch"}'
    order = [*WORLDS], [*ARMS]
    return sorted(rows, key=lambda row: (order[0].index(row['world']), order[1].index(row['arm']), row['seed']))


def main() -> None:
    """Run what is missing, then tell."""
    parser = study.parser(__doc__, NAME)
    parser.set_defaults(seeds=None)
    parser.add_argument('--arms', nargs='+', choices=[*ARMS], help='default: the queue')
    parser.add_argument('--worlds', nargs='+', choices=[*WORLDS], default=['look-alikes'], help='with --arms')
    args = parser.parse_args()
    here = str(Path(__file__).resolve().parent)
    os.environ['PYTHONPATH'] = os.pathsep.join([here, *filter(None, [os.environ.get('PYTHONPATH')])])
    chosen = [(w, a, s) for s in args.seeds or range(3) for w in args.worlds for a in args.arms or ()]
    for run in chosen or QUEUE:
        one_run(run, args.work_dir)
        study.write_csv(args.csv, COLUMNS, finished(args.work_dir))
    rows = finished(args.work_dir)
    for start in dict.fromkeys(row['start'] for row in rows):
        of_start = [row for row in rows if row['start'] == start]
        print(f'\n{start}\n\n{study.table(of_start, "arm", ("loss_track", *study.VPS_SCORES))}')


if __name__ == '__main__':
    study.run_tool(main)
