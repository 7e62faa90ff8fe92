"""What the experiments share: running the project's own command lines, rows that survive an interruption, tables."""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from knet.evaluation.tables import headline_of, window_scores
from knet.utils.cli import ToolParser, add_debug_option, run_tool  # noqa: F401  for the experiments
from knet.utils.io import atomic_path, write_json_atomic

ROOT = Path(__file__).resolve().parents[2]
Row = Dict[str, Any]
#: Columns of the scores of video panoptic segmentation, in percent.
VPS_SCORES = ('STQ', 'AQ', 'SQ', 'VPQ1', 'VPQ2', 'VPQ3', 'VPQ4')
#: What says where a row comes from, after its arm and seed.
ORIGIN = ('config', 'commit', 'minutes')
#: Options with which cars and persons of a video can only be told apart by where they are.
LOOK_ALIKES = ('--look-alikes', '--crossings', '2', '--occluders', '1')
#: World -> the options of make_toy_videos.py that draw its streets.
WORLDS: Dict[str, Sequence[str]] = {
    'toy': (),
    'hard': (*LOOK_ALIKES, '--lighting', '0.5', '--blur', '0.5', '--turn', '0.3', '--small', '0.3'),
}


def parser(doc: str, name: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every experiment.

    Args:
        doc: Description for ``--help``.
        name: Of the experiment; its files are ``work_dirs/<name>`` and ``results/<name>.csv``.
    """
    options = ToolParser(doc)
    options.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2], help='a run each (default: %(default)s)')
    options.add_argument('--work-dir', type=absolute, default=ROOT / 'work_dirs' / name, help='finished runs are kept')
    options.add_argument('--csv', type=Path, default=ROOT / 'results' / f'{name}.csv', help='one row per run')
    add_debug_option(options)
    return options


def parse_with_world(options: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line of an experiment that runs in several of :data:`WORLDS`.

    Args:
        options: From :func:`parser`; the ``toy`` in the names of its files stands for the world.
    """
    options.add_argument('--world', choices=[*WORLDS], default='toy', help='its streets (default: %(default)s)')
    args = options.parse_args()
    for name in ('work_dir', 'csv'):
        path = getattr(args, name)
        if path == options.get_default(name):
            setattr(args, name, path.with_name(path.name.replace('toy', args.world)))
    return args


def absolute(path: str) -> Path:
    """Return a path of the command line as absolute, because the runs work in the root of the repository."""
    return Path(path).resolve()


def tool(*words: Any) -> None:
    """Run a command line of the project.

    Raises:
        RuntimeError: If it fails.
    """
    command = [sys.executable, *map(str, words)]
    if subprocess.run(command, cwd=str(ROOT), check=False).returncode:
        raise RuntimeError(f'failed: {" ".join(command)}')


def train(config: str, run_dir: Path, seed: int, *options: Any) -> Path:
    """Train, or continue what was interrupted.

    Returns:
        Path: The last checkpoint.
    """
    tool('tools/train.py', config, '--work-dir', run_dir, '--seed', seed, '--no-validate', '--auto-resume', *options)
    return run_dir / 'latest.pth'


def minutes_of(run_dir: Path) -> float:
    """Minutes of the training steps that a run has logged, over its interruptions."""
    seconds, before = 0.0, 0
    for log in sorted(run_dir.glob('*.log.json')):
        for line in map(json.loads, log.read_text().splitlines()):
            if line.get('mode') == 'train':
                seconds, before = seconds + line['time'] * max(0, line['iter'] - before), line['iter']
    return round(seconds / 60, 1)


def commit() -> str:
    """Revision of the code, with ``-dirty`` if files other than results differ from it."""

    def git(*words: str) -> str:
        return subprocess.run(
            ['git', *words], cwd=str(ROOT), text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        ).stdout.strip()

    dirty = git('status', '--porcelain', '--untracked-files=no', '--', '.', ':(exclude)results')
    return (git('rev-parse', '--short', 'HEAD') or 'unknown') + ('-dirty' if dirty else '')


def data_of(name: str, world: str) -> Path:
    """Return the data set folder of a study in a world; configs read that of the toy world."""
    return ROOT / 'data' / 'toy' / (name if world == 'toy' else f'{name}-{world}')


def make_streets(layout: str, folder: Path, train: int, val: int, *options: Any) -> None:
    """Make toy videos to train on and to score, unless they are there.

    Args:
        layout: Of the data set.
        folder: Of the data set.
        train: Number of training videos.
        val: Number of validation videos.
        *options: More options of make_toy_videos.py.
    """
    words = ('--layout', layout, '--out', folder, '--train', train, '--val', val, *options)
    tool('tools/dataset/make_toy_videos.py', *words)


def data_roots(root: Path, train: str = 'train.dataset') -> List[str]:
    """Return config overrides that read the training, validation and test data from a folder.

    Args:
        root: The data set folder.
        train: Where the config has its training data.
    """
    return [f'data.{part}.data_root={root}' for part in (train, 'val', 'test')]


def vps_scores(out_dir: Path) -> Row:
    """Return the scores that ``tools/test_step.py --eval stq vpq`` or the evaluators left in a folder, in percent."""
    stq, vpq = (json.loads((out_dir / f'{name}.json').read_text()) for name in ('stq', 'vpq'))
    scores = {**headline_of(stq), **{f'VPQ{k}': value for k, value in window_scores(vpq).items()}}
    return percent(scores)


def percent(scores: Dict[str, Optional[float]]) -> Row:
    """Return fractions as percent; None stays None."""
    return {name: None if value is None else 100 * value for name, value in scores.items()}


def predict(config: str, checkpoint: Path, out_dir: Path, options: Sequence[str] = ()) -> Row:
    """Stream the test videos and score them; videos that are there already are kept.

    Args:
        config: Config file of the network.
        checkpoint: Its weights.
        out_dir: Folder of predictions and scores.
        options: ``KEY=VALUE`` overrides of the config.

    Returns:
        The scores :data:`VPS_SCORES`, in percent.
    """
    overrides = ['--cfg-options', *options] if options else []
    tool('tools/test_step.py', config, checkpoint, '--out-dir', out_dir, '--eval', 'stq', 'vpq', *overrides)
    return vps_scores(out_dir)


def kept_row(path: Path, make: Callable[[], Row]) -> Row:
    """Return the row of a finished run from its file; make it and keep it there if it is missing."""
    if not path.is_file():
        write_json_atomic(path, make())
    return json.loads(path.read_text())


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write all rows so far; numbers with four decimals."""
    with atomic_path(path) as temporary, temporary.open('w', newline='') as file:
        writer = csv.DictWriter(file, columns, lineterminator='\n')
        writer.writeheader()
        writer.writerows(
            {key: round(row[key], 4) if isinstance(row[key], float) else row[key] for key in columns} for row in rows
        )


def table(rows: List[Row], arm: str, scores: Sequence[str], digits: int = 1, with_runs: bool = False) -> str:
    """Markdown: per arm, mean and standard deviation of the scores over its rows; a single row has no deviation.

    Args:
        rows: Of all runs.
        arm: Column that names what is compared.
        scores: Columns to average.
        digits: Decimals.
        with_runs: Whether a column says how many rows a mean is of, where that differs.
    """
    columns = [arm, *(['runs'] if with_runs else []), *scores]
    lines = [f'| {" | ".join(columns)} |', '|---' * len(columns) + '|']
    for name in dict.fromkeys(row[arm] for row in rows):
        values = [[row[score] for row in rows if row[arm] == name] for score in scores]
        cells = [f'{mean(v):.{digits}f}' + (f' ± {stdev(v):.{digits}f}' if len(v) > 1 else '') for v in values]
        cells = [str(len(values[0])), *cells] if with_runs else cells
        lines.append(f'| {name} | {" | ".join(cells)} |')
    return '\n'.join(lines)
