"""What the pages say was measured is what the rows of results/*.csv say."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
TABLES = sorted((REPO / 'results').glob('*.csv'))


def fill_tables(*args: str) -> 'subprocess.CompletedProcess[str]':
    return subprocess.run(
        [sys.executable, 'tools/misc/fill_tables.py', *args],
        cwd=str(REPO),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def test_pages_hold_the_numbers_of_the_rows() -> None:
    done = fill_tables('--check')
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize('path', TABLES, ids=lambda path: path.stem)
def test_every_table_has_three_seeds_or_says_so(path: Path) -> None:
    with open(path, newline='') as file:
        rows = list(csv.DictReader(file))
    arms = {tuple(row[name] for name in list(row)[: list(row).index('seed')]) for row in rows}
    seeds = {row['seed'] for row in rows}
    text = ''.join((REPO / 'docs' / f'{page}.md').read_text() for page in ('results', 'vss', 'linking'))
    # A study that goes on shows the number of runs in every row of its tables.
    blocks = re.findall(rf'<!-- table results/{path.name} (.*?) -->', text)
    if blocks and all('runs=yes' in block for block in blocks):
        assert rows
        return
    assert rows and (len(rows) == len(arms) * len(seeds) or 'data' in rows[0])
    section = text[: text.index(f'results/{path.name}')].rsplit('\n## ', 1)[-1]
    assert len(seeds) >= 3 or 'One seed' in section


def test_the_slides_are_small_and_of_their_source() -> None:
    source, deck = REPO / 'slides/video_knet.md', REPO / 'slides/video_knet.pdf'
    assert deck.stat().st_size < 2_000_000
    slides = len(re.split(r'^---$', source.read_text(), flags=re.MULTILINE))
    assert deck.read_bytes().count(b'/Type /Page\n') == slides
