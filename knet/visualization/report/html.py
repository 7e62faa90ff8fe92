"""HTML as text: every piece is made by :func:`tag`, which escapes whatever is not HTML already."""

from html import escape
from typing import Iterable, Optional, Union


class Html(str):
    """Text that is HTML; all other text is escaped where it enters a page."""


Content = Union[str, Html, None]
#: Elements without content, of HTML and of SVG.
_EMPTY = frozenset({'meta', 'img', 'br', 'path', 'polyline', 'circle', 'rect', 'line', 'source'})


def html(content: Content) -> Html:
    """Return content as HTML.

    >>> html('a < b')
    'a &lt; b'
    >>> html(Html('a &lt; b'))
    'a &lt; b'
    """
    if content is None:
        return Html('')
    return content if isinstance(content, Html) else Html(escape(content))


def join(contents: Iterable[Content], between: str = '') -> Html:
    """Return the pieces one after another, as HTML."""
    return Html(escape(between).join(map(html, contents)))


def tag(element: str, /, *contents: Content, **attributes: Optional[object]) -> Html:
    """Return an element.

    Args:
        element: Name of the element.
        *contents: What stands in it, one after another.
        **attributes: Attributes; ``class_`` stands for ``class``, ``_`` within a name for ``-``. True gives an
            attribute without a value, None and False give none.

    >>> tag('p', 'a < b', tag('br'), class_='note', hidden=True, title=None)
    '<p class="note" hidden>a &lt; b<br/></p>'
    """
    words = [element]
    for key, value in attributes.items():
        written = key.rstrip('_').replace('_', '-')
        if value is True:
            words.append(written)
        elif value is not None and value is not False:
            words.append(f'{written}="{escape(str(value))}"')
    start = ' '.join(words)
    # Elements of SVG without content must be closed; those of HTML may be.
    return Html(f'<{start}/>' if element in _EMPTY and not contents else f'<{start}>{join(contents)}</{element}>')
