"""Print the scores of several runs side by side.

    python tools/misc/compare_scores.py embedding=OUT mask-iou=OUT_IOU --json scores.json

A run is a folder in which tools/test_step.py left ``stq.json`` and ``vpq.json``.
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from knet.evaluation.tables import headline_of, window_scores
from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.io import read_json, write_json_atomic

Row = Dict[str, Optional[float]]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('runs', nargs='+', metavar='NAME=DIR', help='name of a run and its folder')
    parser.add_argument('--json', help='also write the table as JSON')
    add_debug_option(parser)
    return parser.parse_args()


def read_scores(folder: Path) -> Row:
    """Return the headline scores of one run, 0..1; None where a metric is undefined.

    Raises:
        FileNotFoundError: If the folder holds no scores.
        ValueError: If a file is damaged.
    """

    def load(name: str) -> Dict[str, Any]:
        remedy = 'Run tools/test_step.py with --eval stq vpq.'
        return read_json(folder / f'{name}.json', what='file of scores', remedy=remedy)

    stq, vpq = load('stq'), load('vpq')
    return {**headline_of(stq), **headline_of(vpq), **{f'k={k}': value for k, value in window_scores(vpq).items()}}


def main() -> None:
    """Read, print, write."""
    args = parse_args()
    table: Dict[str, Row] = {}
    for run in args.runs:
        name, sign, folder = run.partition('=')
        if not sign:
            raise UsageError(f'runs are given as NAME=DIR, got {run!r}')
        table[name] = read_scores(Path(folder))
    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    width = max(map(len, table))
    print(' ' * width + ''.join(f'{column:>8}' for column in columns))
    for name, row in table.items():
        values = (row.get(column) for column in columns)
        cells = ('-' if value is None else f'{100 * value:.1f}' for value in values)
        print(f'{name:{width}}' + ''.join(f'{cell:>8}' for cell in cells))
    if args.json:
        write_json_atomic(args.json, table)


if __name__ == '__main__':
    run_tool(main)
