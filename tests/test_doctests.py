"""The examples in docstrings run and print what they say."""

import doctest
import importlib
from pathlib import Path
from typing import List

import pytest

ROOT = Path(__file__).resolve().parents[1]


def modules_with_examples() -> List[str]:
    """Return the names of the modules whose docstrings have examples."""
    files = [path for package in ('knet', 'knet_vis') for path in sorted((ROOT / package).rglob('*.py'))]
    with_examples = [path for path in files if '>>> ' in path.read_text(encoding='utf-8')]
    return ['.'.join(path.relative_to(ROOT).with_suffix('').parts) for path in with_examples]


@pytest.mark.parametrize('name', modules_with_examples())
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed


def test_there_are_examples() -> None:
    assert len(modules_with_examples()) >= 3
