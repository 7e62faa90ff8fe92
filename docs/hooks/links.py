"""Links of the pages, as the site has to write them: pages outside of ``docs`` move in, other files are copied in."""

import posixpath
import re
from pathlib import Path
from typing import Dict, Set

ROOT = Path(__file__).resolve().parents[2]
#: Page of the repository outside of ``docs`` -> page of the site.
OUTSIDE: Dict[str, str] = {
    'README.md': 'index.md',
    'DATASET.md': 'datasets.md',
    'CONTRIBUTING.md': 'contributing.md',
    'CHANGELOG.md': 'changelog.md',
    'SECURITY.md': 'security.md',
    'RELEASING.md': 'releasing.md',
    'CODE_OF_CONDUCT.md': 'conduct.md',
}
#: Folder of the site for files that pages link to and that are no pages.
FILES = 'files'
_CODE = re.compile(r'(^```.*?^```$|`[^`\n]+`)', re.MULTILINE | re.DOTALL)
_LINK = re.compile(r'(!?)\[([^\[\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)')
_MARK = '\0'


def source_of(page: str) -> str:
    """Return the path in the repository of a page of the site."""
    return next((source for source, target in OUTSIDE.items() if target == page), f'docs/{page}')


def site_path(path: str) -> str:
    """Return the path in the site of a file of the repository; '' for a folder and for what does not exist."""
    if path in OUTSIDE:
        return OUTSIDE[path]
    if not (ROOT / path).is_file():
        return ''
    return path[len('docs/') :] if path.startswith('docs/') else f'{FILES}/{path}'


def _target(page: str, link: str) -> str:
    """Return the path in the repository that a link of a page means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source_of(page)), link))


def rewrite(markdown: str, page: str) -> str:
    """Return the text of a page with links as the site needs them; a link to a folder becomes its text.

    A page that is written from data has no place in the repository, and the right links already.

    Args:
        markdown: Text of the page, with links as the repository has them.
        page: Path of the page in the site.
    """

    def replace(match: 're.Match[str]') -> str:
        image, text, link, anchor = match.groups()
        if not link or re.match(r'[a-z]+:', link):
            return match.group(0)
        found = site_path(_target(page, link))
        if not found:
            return text
        return f'{image}[{text}]({posixpath.relpath(found, posixpath.dirname(page) or ".")}{anchor or ""})'

    if not (ROOT / source_of(page)).is_file():
        return markdown
    # Code stays as it is; a mark holds its place, since the text of a link may contain code.
    parts = _CODE.split(markdown)
    texts = _LINK.sub(replace, _MARK.join(parts[0::2])).split(_MARK)
    return ''.join(text + code for text, code in zip(texts, [*parts[1::2], '']))


def linked_files(markdown: str, page: str) -> Set[str]:
    """Return the paths in the repository of the files, not pages, that a page links to."""
    targets = {_target(page, match.group(3)) for match in _LINK.finditer(_CODE.sub('', markdown))}
    return {path for path in targets if site_path(path).startswith(f'{FILES}/')}
