"""Write the tables of the pages from the rows of results/*.csv, so that no number is typed by hand.

    python tools/misc/fill_tables.py            # README.md, docs and slides
    python tools/misc/fill_tables.py --check    # only say which pages differ; exit code 1 if any does

A table stands between two comments; the first says what is in it:

    <!-- table results/ladder_toy.csv by=rung scores=STQ,AQ digits=1 -->
    <!-- /table -->

``by`` is the column that names what is compared, ``scores`` are averaged over its rows (mean ± standard deviation),
``where=COLUMN:VALUE`` keeps some rows only, ``runs=yes`` adds a column with the number of rows of each mean.
tools/misc/fill_metafiles.py writes the metafiles.
"""

import csv
import re
import sys
from pathlib import Path
from typing import Dict, List

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'experiments'))

import _study as study

_BLOCK = re.compile(r'<!-- table (\S+) (.*?) -->\n.*?<!-- /table -->', re.DOTALL)


def pages() -> List[Path]:
    """All pages that may hold tables."""
    root = study.ROOT
    return [root / 'README.md', *sorted((root / 'docs').rglob('*.md')), *sorted((root / 'slides').glob('*.md'))]


def read_rows(path: Path, scores: List[str]) -> List[study.Row]:
    """Rows of a CSV file, with the scores as numbers.

    Raises:
        FileNotFoundError: If there is no such file.
        KeyError: If a score is no column.
    """
    with path.open(newline='') as file:
        return [{**row, **{name: float(row[name]) for name in scores}} for row in csv.DictReader(file)]


def filled(match: 're.Match[str]') -> str:
    """Return the block with its table as the rows say."""
    name, words = match.groups()
    options: Dict[str, str] = dict(word.split('=', 1) for word in words.split())
    scores = options['scores'].split(',')
    rows = read_rows(study.ROOT / name, scores)
    if 'where' in options:
        column, value = options['where'].split(':')
        rows = [row for row in rows if row[column].replace(' ', '_') == value]
    table = study.table(rows, options['by'], scores, int(options.get('digits', 1)), 'runs' in options)
    return f'<!-- table {name} {words} -->\n{table}\n<!-- /table -->'


def main() -> int:
    """Fill or check all pages; the exit code."""
    parser = study.ToolParser(__doc__)
    parser.add_argument('--check', action='store_true', help='write nothing')
    study.add_debug_option(parser)
    args, differing = parser.parse_args(), 0
    for page in pages():
        text = page.read_text(encoding='utf-8')
        new = _BLOCK.sub(filled, text)
        if new != text:
            differing += 1
            print(f'{page.relative_to(study.ROOT)}: {"differs from" if args.check else "filled from"} results/*.csv')
            if not args.check:
                with study.atomic_path(page) as temporary:
                    temporary.write_text(new, encoding='utf-8')
    return int(args.check and differing > 0)


if __name__ == '__main__':
    study.run_tool(main)
