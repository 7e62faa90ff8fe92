"""The small videos on disk, and a config that reads them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools.conftest import ENVIRONMENT, ROOT
from tests.vis.vis_mini import write_official

CONFIG = """
_base_ = ['{root}/configs/_base_/datasets/youtube_vis_2019.py', '{root}/configs/_base_/default_runtime.py']
_plugins = ['knet.plugin', 'knet_vis.plugin', 'tests.vis.fakes']
custom_imports = dict(_delete_=True, imports=_plugins, allow_failed_imports=False)
model = dict(type='FakeClipModel')
data = dict(
    samples_per_gpu=1, workers_per_gpu=0,
    train=dict(data_root='{data}'), val=dict(data_root='{data}'), test=dict(data_root='{data}'))
evaluation = dict(interval=1, metric=['segm'], save_best='AP')
optimizer = dict(type='SGD', lr=1e-3)
optimizer_config = dict()
lr_config = dict(policy='fixed')
runner = dict(type='EpochBasedRunner', max_epochs=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
"""


def run_tool(*args: Any, check: bool = True, cwd: Any = None, shell: str = '') -> subprocess.CompletedProcess:
    """Run a program of the repository; its failure fails the test unless ``check`` is False."""
    script, *rest = [str(arg) for arg in args]
    words = [shell or sys.executable, str(ROOT / script), *rest]
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        cwd=cwd,
        env=dict(ENVIRONMENT, PYTHONPATH=str(ROOT)),
    )
    assert done.returncode == 0 or not check, done.stdout
    return done


@pytest.fixture(scope='session')
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the small videos, downloaded and converted."""
    root = write_official(tmp_path_factory.mktemp('vis') / 'data')
    run_tool('tools/dataset/youtubevis2coco.py', '-i', root, '-o', root / 'annotations')
    return root


@pytest.fixture(scope='session')
def fake_config(converted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the config of the fake clip model."""
    path = tmp_path_factory.mktemp('configs') / 'fake_clip.py'
    path.write_text(CONFIG.format(root=ROOT, data=converted))
    return path


@pytest.fixture(scope='session')
def fake_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkpoint of the fake clip model."""
    import torch

    path = tmp_path_factory.mktemp('weights') / 'fake.pth'
    torch.save(dict(state_dict=dict(scale=torch.ones(1)), meta={}), str(path))
    return path
