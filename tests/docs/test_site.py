"""The site: it builds without a warning, shows every page, and its links are those of the repository."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

import knet

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / 'docs/hooks'))

import links  # noqa: E402
import written  # noqa: E402

MISSING = [name for name in ('mkdocs', 'material', 'mkdocstrings') if find_spec(name) is None]


class PlainLoader(yaml.SafeLoader):
    """Reads mkdocs.yml without calling the Python functions that it names."""


PlainLoader.add_multi_constructor('tag:yaml.org,2002:python/', lambda loader, suffix, node: suffix)


def leaves(value: Any) -> Iterator[str]:
    """Yield the pages of a navigation."""
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from leaves(inner)


def shown() -> list:
    config = yaml.load((REPO / 'mkdocs.yml').read_text(encoding='utf-8'), PlainLoader)
    return list(leaves(config['nav']))


def test_every_page_is_in_the_navigation_once() -> None:
    pages = {path.relative_to(REPO / 'docs').as_posix() for path in (REPO / 'docs').rglob('*.md')}
    made = {page for page in written.pages() if not page.startswith('reference/api/')}
    wanted = pages | made | set(links.OUTSIDE.values())
    assert sorted(page for page in shown() if page.endswith('.md')) == sorted(wanted)


@pytest.mark.parametrize(
    'page, text, wanted',
    [
        ('index.md', '[a](docs/install.md#x)', '[a](install.md#x)'),
        ('index.md', '![a](figs/toy.gif)', '![a](files/figs/toy.gif)'),
        ('tutorials/index.md', '[a](../../DATASET.md#vspw)', '[a](../datasets.md#vspw)'),
        ('results.md', '[`code`](../tools/train.py)', '[`code`](files/tools/train.py)'),
        ('results.md', '[folder](../results)', 'folder'),
        ('results.md', '`[a](../DATASET.md)`', '`[a](../DATASET.md)`'),
        ('results.md', '```\n[a](../DATASET.md)\n```\n[b](#c) [d](https://e.f)', None),
        ('datasets.md', '[a](docs/extend.md) `x` [b](README.md#results)', '[a](extend.md) `x` [b](index.md#results)'),
        ('reference/configs.md', '[a](../results.md)', None),
    ],
)
def test_links_lead_to_the_place_in_the_site(page: str, text: str, wanted: Any) -> None:
    assert links.rewrite(text, page) == (wanted or text)


def test_reference_has_the_public_names() -> None:
    made = written.pages()
    for name in knet.__all__[1:]:
        assert f'`{name}`' in made['reference/api/knet.md']
    for name in ('VideoSegmenter', 'stream_videos', 'load_config'):
        assert (
            f'::: knet.apis.{written.exported("knet.apis")[name][len("knet.apis.") :]}.{name}'
            in (made['reference/api/knet.apis.md'])
        )


@pytest.mark.process
@pytest.mark.skipif(bool(MISSING), reason=f'the site needs requirements/docs.txt ({", ".join(MISSING)} not installed)')
def test_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'mkdocs', 'build', '--strict', '--quiet', '--site-dir', str(tmp_path)],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    home = (tmp_path / 'index.html').read_text(encoding='utf-8')
    assert 'files/figs/toy.gif' in home and (tmp_path / 'files/figs/toy.gif').is_file()
    names = (tmp_path / 'reference/api/knet.apis/index.html').read_text(encoding='utf-8')
    assert 'id="knet.apis.inference.VideoSegmenter"' in names
    # Roles and interpreter sessions of docstrings are shown as code.
    for page in (tmp_path / 'reference').rglob('*.html'):
        text = page.read_text(encoding='utf-8')
        assert ':class:' not in text and ':mod:' not in text, page
