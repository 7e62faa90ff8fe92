"""Make one site of the repository: the pages of ``docs``, those beside it, and those that are written from data."""

import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import links
import written


def on_files(files: Any, config: Any) -> Any:
    """Add the pages beside ``docs``, the written pages, and the files that pages link to."""
    pages = {target: (links.ROOT / source).read_text(encoding='utf-8') for source, target in links.OUTSIDE.items()}
    # The whole width is free for the first picture.
    pages['index.md'] = f'---\nhide: [navigation]\n---\n{pages["index.md"]}'
    for target, content in {**pages, **written.pages()}.items():
        files.append(File.generated(config, target, content=content))
    linked = set()
    for file in files.documentation_pages():
        linked |= links.linked_files(file.content_string, file.src_uri)
    for path in sorted(linked):
        content = (links.ROOT / path).read_bytes()
        files.append(File.generated(config, links.site_path(path), content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Write the links as the site needs them."""
    return links.rewrite(markdown, page.file.src_uri)
