"""Putting downloaded files where a data set expects them: copied, linked or moved, repeatable."""

import argparse
import os
import os.path as osp
import shutil
import sys
from typing import Iterable, List, NamedTuple, Optional

from tqdm import tqdm

from knet.utils.cli import ToolParser, add_debug_option
from knet.utils.io import atomic_path

MODES = ('copy', 'link', 'move')


class Item(NamedTuple):
    """One file to place: where it lies (None = placed before) and where it goes."""

    source: Optional[str]
    target: str


def place(item: Item, mode: str) -> bool:
    """Put one file in place, at once or not at all.

    Args:
        item: The file.
        mode: One of :data:`MODES`.

    Returns:
        Whether something had to be done.
    """
    source, target = item
    if source is None or _is_placed(source, target, mode):
        return False
    if mode == 'move':
        os.makedirs(osp.dirname(target), exist_ok=True)
        shutil.move(source, target)
        return True
    with atomic_path(target) as temporary:
        if mode == 'copy':
            shutil.copyfile(source, temporary)
        else:
            os.symlink(osp.abspath(source), temporary)
    return True


def _is_placed(source: str, target: str, mode: str) -> bool:
    if mode == 'link':
        return osp.islink(target) and osp.realpath(target) == osp.realpath(source)
    return not osp.islink(target) and osp.isfile(target) and osp.getsize(target) == osp.getsize(source)


def converter_parser(description: str, destination: str, modes: Iterable[str] = MODES) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every data set converter but ``--src``.

    Args:
        description: What the tool does, its doc string.
        destination: Default of ``--out-dir``.
        modes: Choices of ``--mode``; the first is the default.
    """
    modes = tuple(modes)
    parser = ToolParser(description)
    parser.add_argument(
        '--out-dir', '-o', '--dst', dest='dst', default=destination, help='data root to fill (default: %(default)s)'
    )
    parser.add_argument(
        '--mode',
        choices=modes,
        default=modes[0],
        help='how files that stay as they are get there (default: %(default)s)',
    )
    parser.add_argument('--partial', action='store_true', help='go on although files are missing')
    parser.add_argument('--dry-run', action='store_true', help='report, change nothing')
    add_debug_option(parser)
    return parser


def add_splits_option(
    parser: argparse.ArgumentParser, choices: Iterable[str], default: Iterable[str], what: str
) -> None:
    """Add ``--split``.

    Args:
        parser: Parser of a converter.
        choices: Splits of the data set.
        default: Splits that are made without the option.
        what: Help text.
    """
    parser.add_argument(
        '--split',
        '--splits',
        dest='splits',
        nargs='+',
        choices=tuple(choices),
        default=list(default),
        help=f'{what} (default: %(default)s)',
    )


def report_problems(problems: List[str], partial: bool) -> bool:
    """Name on standard error what is missing.

    Args:
        problems: One line each.
        partial: Whether the user wants to go on nevertheless.

    Returns:
        Whether to go on.
    """
    for problem in problems:
        print(f'missing: {problem}', file=sys.stderr)
    if problems and not partial:
        print(
            'error: the data are incomplete, nothing was changed. Unpack the missing archives below a --src folder '
            'or add --partial.',
            file=sys.stderr,
        )
        return False
    return True


def count_done(title: str, results: Iterable[bool], total: int, unit: str = 'file') -> None:
    """Work through results under a progress bar, and say how many there were.

    Args:
        title: Title of the bar and of the line.
        results: For every piece of work whether something had to be done, e.g.
            ``map(job, items)``.
        total: Number of results.
        unit: What a result stands for.
    """
    done = sum(tqdm(results, total=total, desc=title, unit=unit, mininterval=1))
    print(f'{title:5s}  {done} {unit}s placed, {total - done} were there already')
