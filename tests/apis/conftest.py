"""A config of the miniature world."""

from pathlib import Path

import pytest

CONFIG = """
custom_imports = dict(imports=['knet.plugin', 'tests.apis.fakes'], allow_failed_imports=False)
model = dict(type='FakeVideoModel')
data = dict(
    samples_per_gpu=2, workers_per_gpu=0,
    train=dict(type='FakeVideos', lengths=[5, 4, 4]),
    val=dict(type='FakeVideos', lengths=[4, 3, 5]),
    test=dict(type='FakeVideos', lengths=[4, 3, 5]))
optimizer = dict(type='AdamW', lr=0.01)
optimizer_config = dict(grad_clip=dict(max_norm=1, norm_type=2))
lr_config = dict(policy='step', warmup='linear', warmup_iters=5, warmup_ratio=0.01, step=[2])
runner = dict(type='EpochBasedRunner', max_epochs=3)
checkpoint_config = dict(interval=1)
log_config = dict(interval=2, hooks=[dict(type='TextLoggerHook')])
evaluation = dict(interval=1, save_best='STQ')
log_level = 'WARNING'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file of the miniature world."""
    path = tmp_path / 'fake.py'
    path.write_text(CONFIG)
    return path
