"""Faults that users' own data, files and videos bring: one row each, in a module per kind of input.

A module holds ``ROWS``, a list of :class:`~.row.Row`; ``tests/tools/test_faults.py`` runs the rows of all modules.
"""

import importlib
import pkgutil
from typing import Dict

from .row import Row


def all_rows() -> Dict[str, Row]:
    """Return the rows of every module, by ``module: fault``."""
    rows: Dict[str, Row] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f'{__name__}.{info.name}')
        for row in getattr(module, 'ROWS', []):
            name = f'{info.name}: {row.fault}'
            assert name not in rows, f'two rows are called {name!r}'
            rows[name] = row
    return rows
