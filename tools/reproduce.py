"""Reproduce the numbers of the paper on a benchmark, from the downloaded archives to one table; see docs/reproduce.md.

    bash tools/reproduce.sh kitti-step --archives downloads --work-dir work_dirs/kitti-step --gpus 8
    bash tools/reproduce.sh kitti-step --archives downloads --work-dir work_dirs/kitti-step --dry-run

Checks the archives, unpacks and converts them, checks the data, trains every stage, predicts, scores with both
protocols and writes results.md and results.json. Every step leaves a mark, so that the same command goes on where it
was stopped. --dry-run prints all commands, which can be typed one by one.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import List, Optional, Sequence

import _root  # noqa: F401  puts the repository on the path
from _reproduce.archives import check_room, find_archive, missing_archives
from _reproduce.benchmarks import BENCHMARKS
from _reproduce.report import write_table
from _reproduce.run import Marks, run_step
from _reproduce.settings import Settings
from _reproduce.steps import Step, steps_of

from knet.evaluation.cli import positive
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.lock import lock_folder


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('benchmark', choices=list(BENCHMARKS), help='what to reproduce')
    parser.add_argument('--archives', type=Path, required=True, help='folder of the downloads')
    parser.add_argument('--work-dir', type=Path, required=True, help='folder of everything that is made')
    parser.add_argument('--gpus', type=positive, help='processes, one per GPU (default: 1; on Slurm 8)')
    parser.add_argument('--slurm', metavar='PARTITION', help='train and test on this partition of a Slurm cluster')
    parser.add_argument('--seed', type=int, default=0, help='seed of the trainings (default: %(default)s)')
    parser.add_argument('--nproc', type=positive, default=os.cpu_count(), help='processes of converters and evaluators')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE', help='more overrides, for all trainings and tests'
    )
    parser.add_argument(
        '--toy', action='store_true', help='the archives are those of tools/dataset/make_toy_archives.py: toy networks'
    )
    parser.add_argument('--dry-run', action='store_true', help='say what is missing and what would run; change nothing')
    add_debug_option(parser)
    return parser.parse_args(argv)


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the arguments as the steps need them.

    Raises:
        UsageError: If the folder of the downloads is none.
    """
    if not args.archives.is_dir():
        raise UsageError(f'--archives {args.archives} is no folder; put the downloads there')
    wrong = [option for option in args.cfg_options if '=' not in option]
    if wrong:
        raise UsageError(f'--cfg-options {wrong[0]}: expected KEY=VALUE')
    return Settings(
        BENCHMARKS[args.benchmark],
        args.archives.resolve(),
        args.work_dir.resolve(),
        args.gpus or (8 if args.slurm else 1),
        args.slurm,
        args.toy,
        tuple(args.cfg_options),
        args.seed,
        args.nproc,
    )


def report_archives(settings: Settings, todo: List[Step]) -> bool:
    """Print what is missing and how much room is needed; return whether all archives that are needed are there."""
    wanted = [
        archive for archive in settings.benchmark.archives if any(_unpacks(step, archive.names[0]) for step in todo)
    ]
    problems = missing_archives(settings.archives, wanted)
    for problem in problems:
        print(f'missing: {problem}', file=sys.stderr)
    paths = {find_archive(settings.archives, archive): archive for archive in wanted}
    if not problems:
        print(check_room(settings.work_dir, {path: archive for path, archive in paths.items() if path is not None}))
    return not problems


def _unpacks(step: Step, archive: str) -> bool:
    return step.name.partition('-')[2] == f'unpack-{archive}'


def show(step: Step, done: bool) -> None:
    """Print a step and its commands."""
    print(f'\n# {step.name}{" (done)" if done else ""}{f": {step.note}" if step.note else ""}')
    for command in step.commands():
        print(command.text)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns the exit status."""
    args = parse_args(argv)
    settings = settings_of(args)
    steps = steps_of(settings)
    marks = Marks(settings.work_dir / 'steps', steps)
    todo = [step for step in steps if not marks.is_done(step)]
    complete = report_archives(settings, todo)
    if args.dry_run:
        for step in steps:
            show(step, step not in todo)
        return 0 if complete else 1
    if not complete:
        raise UsageError(f'archives are missing in {settings.archives}, listed above; nothing was changed')
    lock_folder(settings.work_dir)
    for step in todo:
        note = f': {step.note}' if step.note else ''
        print(f'\n== {step.name} ({len(steps) - len(todo) + todo.index(step) + 1} of {len(steps)}){note}', flush=True)
        run_step(step, marks, settings.work_dir / 'logs' / f'{step.name}.log')
    print(f'\n{write_table(settings)}\n{settings.work_dir / "results.md"}')
    return 0


if __name__ == '__main__':
    run_tool(main)
