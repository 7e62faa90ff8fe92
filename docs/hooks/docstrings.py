"""Docstrings as the site shows them: roles become code, and sessions of the interpreter become blocks of code."""

import re
from typing import Any

from griffe import Extension

#: Roles of reStructuredText; editors of Python know them, Markdown does not.
_ROLE = re.compile(r':(?:class|func|mod|meth|data|attr|exc):`~?\.?([^`]+)`')
_SESSION = re.compile(r'^>>> .*(?:\n.+)*', re.MULTILINE)


class Readable(Extension):
    """Rewrite every docstring that has been loaded."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring is not None:
            text = _ROLE.sub(r'`\1`', obj.docstring.value)
            obj.docstring.value = _SESSION.sub(lambda match: f'```pycon\n{match.group(0)}\n```', text)
