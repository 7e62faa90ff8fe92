"""Run the blocks of a page in their order, in one folder, as a reader does.

Blocks of ``bash`` and ``python`` are run, the latter in one session. A block of ``text`` is what the block before
printed: each of its lines has to be there, with any number in place of a number, and with anything in place of ``...``.
An HTML comment in front of a block says more:

    <!-- file NAME -->       the block is the content of this file
    <!-- not run -->         the block is only shown
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

from tests.tools.conftest import ENVIRONMENT, ROOT, call

_BLOCK = re.compile(r'(?:^<!-- (.*?) -->\n+)?^```(\w*)[^\n]*\n(.*?)^```$', re.MULTILINE | re.DOTALL)
#: Folders of the repository that commands of pages name.
FOLDERS = ('configs', 'tools', 'tools_vis', 'knet', 'knet_vis', 'figs')


class Block(NamedTuple):
    """A fenced block of a page; ``note`` is the comment in front of it."""

    note: str
    language: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    text = page.read_text(encoding='utf-8')
    for match in _BLOCK.finditer(text):
        yield Block(match.group(1) or '', match.group(2), match.group(3), text[: match.start(2)].count('\n') + 1)


class Session:
    """One reader: a folder that looks like the repository, variables of the shell, names of Python.

    Args:
        folder: Current folder of everything that runs.
        smaller: Text of the page -> what is run instead, so that it takes seconds.
    """

    def __init__(self, folder: Path, smaller: Dict[str, str]) -> None:
        self.folder, self.smaller = folder, smaller
        self.variables: Dict[str, str] = {}
        self.names: Dict[str, Any] = {'__name__': '__page__'}
        for name in FOLDERS:
            (folder / name).symlink_to(ROOT / name)

    def run_page(self, page: Path) -> List[int]:
        """Run all blocks of a page; returns the lines of those that ran."""
        printed, ran = '', []
        for block in blocks(page):
            where = f'{page.name}:{block.line}'
            if block.note.startswith('file '):
                path = self.folder / block.note[len('file ') :]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.shortened(block.text), encoding='utf-8')
            elif block.note == 'not run':
                printed = ''
            elif block.language in ('bash', 'python'):
                text = self.shortened(block.text)
                printed = self.run_shell(text, where) if block.language == 'bash' else self.run_python(text, where)
                ran.append(block.line)
            elif block.language == 'text' and printed:
                assert_printed(block.text, printed, where)
        return ran

    def shortened(self, text: str) -> str:
        """Return the text with smaller numbers."""
        for long, short in self.smaller.items():
            text = text.replace(long, short)
        return text

    def run_python(self, text: str, where: str) -> str:
        """Run a block of Python; returns what it prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, where, 'exec'), self.names)
        return out.getvalue()

    def run_shell(self, text: str, where: str) -> str:
        """Run the commands of a block; returns what they print. Programs of this repository run in this process."""
        printed = []
        for line in text.replace('\\\n', ' ').splitlines():
            words = shlex.split(re.sub(r'\$(\w+)', lambda match: self.variables[match.group(1)], line), comments=True)
            if not words:
                continue
            if re.fullmatch(r'\w+=.*', words[0]) and len(words) == 1:
                name, _, self.variables[name] = words[0].partition('=')
            elif words[0] == 'python' and words[1].startswith(('tools/', 'tools_vis/')):
                code, out, err = call(os.path.relpath(words[1], 'tools'), *words[2:])
                assert code in (0, None), f'{where}: {line}\n{out}{err}'
                printed.append(out + err)
            else:
                printed.append(self.run_other(line, where))
        return '\n'.join(printed)

    def run_other(self, line: str, where: str) -> str:
        """Run a command of the system; returns what it prints."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
        env = {**ENVIRONMENT, **self.variables, 'PATH': path, 'PYTHONPATH': str(ROOT)}
        done = subprocess.run(
            ['bash', '-c', line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=120
        )
        assert done.returncode == 0, f'{where}: {line}\n{done.stdout}'
        return done.stdout


def plain(line: str) -> str:
    """Return a line with single blanks, rules of equal length and the digit 0 in place of every number."""
    line = re.sub(r'-{3,}', '---', ' '.join(line.split()))
    return re.sub(r'\b\d+(?:\.\d+)?(?!\w)|(?<=_)\d+', '0', line)


def assert_printed(wanted: str, printed: str, where: str) -> None:
    """Fail unless every line was printed."""
    lines = [plain(line) for line in re.split(r'[\n\r]', printed)]
    for line in filter(None, map(plain, wanted.splitlines())):
        pattern = re.escape(line).replace(re.escape('...'), '.*')
        assert any(re.fullmatch(pattern, candidate) for candidate in lines), f'{where}: not printed: {line}\n{printed}'
