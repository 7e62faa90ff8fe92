"""The commands of all pages are understood by the programs that they call: options, choices, numbers, requirements."""

import argparse
import importlib.util
import re
import shlex
import sys
from functools import lru_cache
from types import ModuleType
from typing import Any, Iterator, List, NamedTuple, Tuple

import pytest

from knet.cli.main import COMMANDS
from tests.test_architecture import relative
from tests.test_docs import PAGES, REPO, blocks

#: Signs of a command that only shows its form.
_FORM = re.compile(r'\.\.\.|\[|<')


class Call(NamedTuple):
    """A call of a Python program on a page."""

    page: str
    line: str
    program: str
    arguments: Tuple[str, ...]


def program_of(words: List[str]) -> Tuple[str, int]:
    """Return the program that a command calls, and the number of words that name it; '' for other commands."""
    if words[0] == 'video-knet' or words[:3] == ['python', '-m', 'knet']:
        start = 1 if words[0] == 'video-knet' else 3
        for count in (2, 1):
            name = ' '.join(words[start : start + count])
            if name in COMMANDS and len(words) >= start + count:
                return COMMANDS[name][0], start + count
        known = not words[start:] or words[start].startswith('-')
        return ('', 0) if known else (f'video-knet {words[start]}', 0)
    if words[0] == 'python' and len(words) > 1 and words[1].endswith('.py') and words[1].startswith('tools'):
        return words[1], 2
    return '', 0


def calls() -> Iterator[Call]:
    """Yield every call of a Python program of this repository."""
    for page in PAGES:
        text = '\n'.join(blocks(page, 'bash', 'sh')).replace('\\\n', ' ')
        for line in (re.sub(r'(^|\s)#.*', '', line) for line in text.splitlines()):
            # The command of a container; what follows its name are arguments of video-knet.
            line = re.sub(r'^docker run .* video-knet(?=[ :])\S*', 'video-knet', line.strip())
            for command in re.split(r'&&|;|\|', line):
                if not _FORM.search(command) and command.strip():
                    words = shlex.split(command)
                    program, used = program_of(words)
                    if program and not ('--help' in words or '--import' in words):
                        yield Call(relative(page), command, program, tuple(words[used:]))


@lru_cache(maxsize=None)
def load(program: str) -> ModuleType:
    """Import a program."""
    path = REPO / program
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(f'page_{path.stem}', str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Understood(Exception):
    """The command line was read; nothing else is to happen."""


def fault(call: Call, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a program says about a command line; '' if it understands it."""
    if not (REPO / call.program).is_file():
        return 'no such program'
    said: List[str] = []
    read = argparse.ArgumentParser.parse_known_args

    def stop(parser: argparse.ArgumentParser, *args: Any, **kwargs: Any) -> None:
        _, unknown = read(parser, *args, **kwargs)
        if unknown:
            said.append(f'unknown: {unknown}')
        raise Understood

    def refuse(parser: argparse.ArgumentParser, message: str) -> None:
        said.append(message)
        raise Understood

    with monkeypatch.context() as patch:
        patch.setattr(sys, 'path', list(sys.path))
        module = load(call.program)
        patch.setattr(sys, 'argv', [call.program, *call.arguments])
        patch.setattr(argparse.ArgumentParser, 'parse_known_args', stop)
        patch.setattr(argparse.ArgumentParser, 'error', refuse)
        try:
            module.main()
        except Understood:
            return '; '.join(said)
    return 'the program did not read its command line'


def test_programs_understand_the_commands_of_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(calls())
    assert len(found) > 80
    wrong = []
    for call in found:
        if call.program == 'knet.cli.complete':
            continue
        told = fault(call, monkeypatch)
        if told:
            wrong.append(f'{call.page}: {call.line.strip()}: {told}')
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize(
    'line, told',
    [
        ('python tools/eval_dstq_step.py OUT GT --jsn x', 'unknown'),
        ('python tools/eval_dstq_step.py', 'required'),
        ('python tools/dataset/make_toy_videos.py --out-dir x --layout kitti', 'invalid choice'),
        ('video-knet data toy --out x --train many', 'invalid int'),
        ('python tools/nothing.py', 'no such program'),
        ('video-knet trian CONFIG', 'no such program'),
    ],
)
def test_faults_are_seen(line: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = line.split()
    program, used = program_of(words)
    assert told in fault(Call('page', line, program, tuple(words[used:])), monkeypatch)
