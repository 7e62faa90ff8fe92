"""Every numeric fixture of the original that concerns existing code."""

import pytest

from . import model_cases, module_cases, vis_cases  # noqa: F401  registers the handlers
from .cases import Case, case_names

pytestmark = pytest.mark.slow


@pytest.mark.parametrize('name', case_names())
def test_fixture(name: str) -> None:
    if name not in module_cases.HANDLERS:
        pytest.skip(f'{name}: no code of this project is concerned')
    module_cases.HANDLERS[name](Case(name))
