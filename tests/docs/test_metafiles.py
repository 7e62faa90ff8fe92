"""The metafiles describe every config, as it is, and say what was measured."""

import importlib.util
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
METAFILES = yaml.safe_load((REPO / 'model-index.yml').read_text(encoding='utf-8'))['Import']


@pytest.fixture(scope='module')
def fill_metafiles() -> Any:
    spec = importlib.util.spec_from_file_location('fill_metafiles', str(REPO / 'tools/misc/fill_metafiles.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def models() -> Iterator[Any]:
    for name in METAFILES:
        yield from yaml.safe_load((REPO / name).read_text(encoding='utf-8'))['Models']


def test_metafiles_are_those_of_the_configs(fill_metafiles: Any) -> None:
    differing = [
        path.relative_to(REPO).as_posix()
        for path, text in fill_metafiles.files().items()
        if path.read_text(encoding='utf-8') != text
    ]
    assert not differing, f'{differing}: call python tools/misc/fill_metafiles.py'


def test_every_config_is_described_once() -> None:
    configs = [path for path in (REPO / 'configs').rglob('*.py') if not {'_base_', 'common'} & set(path.parts)]
    assert sorted(model['Config'] for model in models()) == sorted(
        path.relative_to(REPO).as_posix() for path in configs
    )
    assert sorted(METAFILES) == sorted(
        path.relative_to(REPO).as_posix() for path in (REPO / 'configs').rglob('metafile.yml')
    )


def empty(value: Any) -> bool:
    if isinstance(value, dict):
        return not value or any(map(empty, value.values()))
    return value in (None, '', []) or (isinstance(value, list) and any(map(empty, value)))


def test_nothing_is_empty_and_what_was_measured_can_be_looked_up() -> None:
    assert empty(dict(Results=[dict(Metrics={})])) and not empty(dict(a=[1], b=0))
    for model in models():
        assert not empty(model), model['Name']
        measured = model['Metadata']['Measured']
        assert measured == 'none' or all((REPO / page).is_file() for page in measured), model['Name']
        assert ('Results' in model) <= (measured != 'none')
        assert (model['Metadata']['Trained Here'][:2] == 'no') <= (measured == 'none')


def test_a_new_folder_asks_for_its_head(fill_metafiles: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill_metafiles, 'folders', lambda: [REPO / 'configs/det/mine'])
    with pytest.raises(FileNotFoundError, match='configs/det/mine/metafile.yml: missing; write its head'):
        fill_metafiles.files()
