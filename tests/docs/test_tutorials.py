"""The tutorials are run: commands and blocks in their order, in a folder of their own; what they print is compared."""

import sys
from pathlib import Path
from typing import Dict, Tuple

import pytest

from .pages import ROOT, Session, blocks

FOLDER = ROOT / 'docs/tutorials'
_TINY = '--frames 4 --height 64 --width 128'
_HERE = {'data = dict(train=': 'data = dict(workers_per_gpu=0, train='}
#: Pages that are read one after the other -> what the test takes instead of their numbers, so that it takes seconds.
SMALLER: Dict[Tuple[str, ...], Dict[str, str]] = {
    ('reading_the_scores',): {},
    ('first_frames', 'add_a_tracker'): {'--train 60 --val 2': f'--train 1 --val 1 {_TINY}', **_HERE},
    ('own_classes',): {
        'FRAMES = 96, 192, 24': 'FRAMES = 96, 192, 6',
        '0-15': '0-3',
        '16-23': '4-5',
        'times=20': 'times=1',
        **_HERE,
    },
    ('image_to_video',): {
        '--train 60 --val 2': f'--train 1 --val 1 {_TINY}',
        '--train 60 --val 4': f'--train 1 --val 1 {_TINY}',
        **_HERE,
    },
}
#: Pages whose commands need more than Python; other tests run them, or they are prose.
SHOWN = ('index', 'slurm')


@pytest.mark.slow
@pytest.mark.parametrize('names', SMALLER, ids='-'.join)
def test_tutorial_runs(names: Tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Programs add the current folder.
    monkeypatch.setattr(sys, 'path', list(sys.path))
    session = Session(tmp_path, SMALLER[names])
    for name in names:
        assert session.run_page(FOLDER / f'{name}.md')


def test_every_tutorial_is_run() -> None:
    pages = {path.stem for path in FOLDER.glob('*.md')}
    assert pages == {name for names in SMALLER for name in names} | set(SHOWN)


def test_every_tutorial_opens_with_what_one_will_have() -> None:
    for path in FOLDER.glob('*.md'):
        opening = path.read_text(encoding='utf-8').split('\n\n')[1]
        assert path.stem == 'index' or opening.startswith('At the end'), path.name
        assert all(block.language for block in blocks(path)), path.name
