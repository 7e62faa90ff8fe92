"""The tutorials are run: commands and blocks in their order, in a folder of their own; what they print is compared."""

import sys
from pathlib import Path
from typing import Dict

import pytest

from .pages import ROOT, Session

FOLDER = ROOT / 'docs/tutorials'
#: Page -> numbers of the page and what the test takes instead, so that it runs for seconds.
SMALLER: Dict[str, Dict[str, str]] = {'reading_the_scores': {}}


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    # Programs add the current folder.
    monkeypatch.setattr(sys, 'path', list(sys.path))
    return Session(tmp_path, SMALLER[request.param])


@pytest.mark.parametrize('session, name', [(name, name) for name in SMALLER], ids=str, indirect=['session'])
def test_tutorial_runs(session: Session, name: str) -> None:
    assert len(session.run_page(FOLDER / f'{name}.md')) >= 3
