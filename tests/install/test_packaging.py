"""The files that describe the package agree with what it contains."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest
import yaml

import knet

REPO = Path(__file__).resolve().parents[2]


def load(name: str) -> Any:
    return yaml.safe_load((REPO / name).read_text(encoding='utf-8'))


def metafiles() -> List[str]:
    return load('model-index.yml')['Import']


@pytest.mark.parametrize('name', metafiles())
def test_metafile_names_every_config_once_with_its_length(name: str) -> None:
    from mmcv import Config

    content = load(name)
    collections = {collection['Name'] for collection in content['Collections']}
    configs = [model['Config'] for model in content['Models']]
    on_disk = sorted(path.relative_to(REPO).as_posix() for path in (REPO / name).parent.glob('*.py'))
    assert sorted(configs) == on_disk
    for model in content['Models']:
        assert model['In Collection'] in collections
        assert model['Name'] == Path(model['Config']).stem
        cfg = Config.fromfile(str(REPO / model['Config']), import_custom_modules=False)
        length = model['Metadata'].get('Epochs'), model['Metadata'].get('Iterations')
        assert length == (cfg.runner.get('max_epochs'), cfg.runner.get('max_iters'))


def test_setup_reads_the_requirements() -> None:
    done = subprocess.run(
        [sys.executable, 'setup.py', '--quiet', '--name', '--version'],
        cwd=REPO,
        env={**os.environ, 'PYTHONWARNINGS': 'ignore'},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.split() == ['video-knet', knet.__version__]


def test_versions_agree() -> None:
    assert load('CITATION.cff')['version'] == knet.__version__
    changelog = (REPO / 'CHANGELOG.md').read_text(encoding='utf-8')
    assert f'## [{knet.__version__}]' in changelog
    ruff = re.search(r'ruff==(\S+)', (REPO / 'requirements' / 'tests.txt').read_text()).group(1)
    assert f'rev: v{ruff}\n' in (REPO / '.pre-commit-config.yaml').read_text()
