"""The notebook runs from top to bottom: in a kernel of its own where nbclient is installed, and in this process."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List

import pytest

REPO = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((REPO / 'docs/tutorials').glob('*.ipynb'))
#: A training of seconds instead of minutes.
SHORT = {'ONE_KERNEL_ITERATIONS': '2'}


def code(path: Path) -> List[str]:
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    return [''.join(cell['source']) for cell in cells if cell['cell_type'] == 'code']


@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_stored_without_what_it_printed(path: Path) -> None:
    cells: List[Dict[str, Any]] = json.loads(path.read_text(encoding='utf-8'))['cells']
    assert [cell['outputs'] for cell in cells if cell.get('outputs')] == []
    assert ''.join(cells[0]['source']).split('\n\n')[1].startswith('At the end')


@pytest.mark.slow
@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip('matplotlib')
    matplotlib.use('Agg')
    monkeypatch.chdir(tmp_path)
    for name, value in SHORT.items():
        monkeypatch.setenv(name, value)
    names: Dict[str, Any] = {'__name__': '__notebook__'}
    for number, text in enumerate(code(path)):
        exec(compile(text, f'{path.name}[{number}]', 'exec'), names)
    assert names['street'] and len(names['results']) == len(names['street'])
    difference = float((names['product'] - names['first'].masks[0, names['thing']]).abs().max())
    assert difference < 1e-4, 'the page says that a mask is the product of kernel and features'


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(
    find_spec('nbclient') is None or find_spec('ipykernel') is None, reason='needs requirements/docs.txt'
)
@pytest.mark.parametrize('path', NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_in_a_kernel(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    for name, value in {**SHORT, 'PYTHONPATH': os.pathsep.join([str(REPO), os.environ.get('PYTHONPATH', '')])}.items():
        monkeypatch.setenv(name, value)
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    NotebookClient(book, timeout=300, resources={'metadata': {'path': str(tmp_path)}}).execute()
    shown = [
        output for cell in book.cells for output in cell.get('outputs', ()) if 'image/png' in output.get('data', {})
    ]
    assert len(shown) >= 3
