"""The slides and the poster are of their sources, and every picture that they name can be drawn."""

import re
from pathlib import Path
from types import ModuleType
from typing import List, Tuple

import pytest

REPO = Path(__file__).resolve().parents[2]
SOURCES = sorted((REPO / 'slides').glob('*.md'))


@pytest.fixture
def diagrams(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip('matplotlib')
    monkeypatch.syspath_prepend(str(REPO / 'slides'))
    import diagrams

    return diagrams


def pictures(source: Path) -> List[Tuple[str, str, str]]:
    return re.findall(r'^!\[(.*?)\]\((\w+):(\S+)\)$', source.read_text(encoding='utf-8'), re.MULTILINE)


def test_the_poster_is_one_page() -> None:
    poster = REPO / 'slides/poster.pdf'
    assert poster.read_bytes().count(b'/Type /Page\n') == 1 and poster.stat().st_size < 1_000_000


@pytest.mark.parametrize('source', SOURCES, ids=lambda path: path.stem)
def test_named_pictures_are_drawn(source: Path, diagrams: ModuleType) -> None:
    found = pictures(source)
    assert len(found) >= 5
    for alt, kind, name in found:
        assert alt
        if kind == 'frames':
            assert (source.parent / name).is_file()
        else:
            figure = diagrams.charts.chart(name) if kind == 'chart' else diagrams.DRAWINGS[name]()
            assert figure.get_axes()


def test_every_package_has_a_place_on_the_map(diagrams: ModuleType) -> None:
    arrows = diagrams.import_arrows()
    assert len(arrows) >= 14 and {name for pair in arrows for name in pair} == set(diagrams.PACKAGES)


def test_drawings_are_there_and_say_no_time(diagrams: ModuleType) -> None:
    for name in diagrams.DRAWINGS:
        text = (REPO / f'figs/{name}.svg').read_text(encoding='utf-8')
        assert '<svg' in text and 'dc:date' not in text


def test_slides_and_poster_fit_their_pages(
    diagrams: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip('fpdf')
    pytest.importorskip('markdown')
    import build

    build.build_slides(tmp_path / 'slides.pdf')
    build.build_poster(tmp_path / 'poster.pdf')
    assert 'too long' not in capsys.readouterr().out
    assert (tmp_path / 'poster.pdf').read_bytes().count(b'/Type /Page\n') == 1
