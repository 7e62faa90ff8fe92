"""What a training refuses, or notes, of its config before anything is written."""

from pathlib import Path
from typing import List

import pytest

from knet.apis import load_config
from knet.apis.training_config import check_training_config
from knet.utils.cli import UsageError

from .test_train import run


def notes(config: Path, extra: str) -> List[str]:
    """Check the config with settings behind it."""
    config.write_text(f'{config.read_text()}\n{extra}\n')
    return check_training_config(load_config(str(config)))


@pytest.mark.parametrize(
    'extra, noted',
    [
        ("optimzer = dict(type='SGD')", 'optimzer of the config: nothing reads it; did you mean optimizer?'),
        ('evalution = dict(interval=5)', 'did you mean evaluation?'),
        ('custom_hook = []', 'did you mean custom_hooks?'),
        ('total_epochs = 1', 'total_epochs of the config: nothing reads it; did you mean runner.max_epochs?'),
        ("workflow = [('train', 1), ('val', 1)]", "workflow: a 'val' step has no effect"),
    ],
)
def test_settings_that_nothing_reads_are_noted(config: Path, extra: str, noted: str) -> None:
    (note,) = notes(config, extra)
    assert noted in note


@pytest.mark.parametrize(
    'extra',
    [
        '',
        'total_epochs = 3',  # a variable that the runner has taken
        "_data = 1\ndataset_type = 'FakeVideos'\ndata_root = 'data'\nnorm_cfg = dict(type='GN')",
        "workflow = [('train', 1)]\nauto_scale_lr = dict(enable=False, base_batch_size=16)",
    ],
)
def test_variables_of_a_config_are_not_noted(config: Path, extra: str) -> None:
    assert notes(config, extra) == []


@pytest.mark.parametrize(
    'extra, message',
    [
        ("checkpoint_config['out_dir'] = 'elsewhere'", 'checkpoint_config.out_dir: .*use --work-dir'),
        ('auto_scale_lr = dict(enable=True, base_batch_size=16)', 'auto_scale_lr.enable: .*optimizer.lr'),
    ],
)
def test_settings_that_would_mislead_are_refused(config: Path, tmp_path: Path, extra: str, message: str) -> None:
    config.write_text(f'{config.read_text()}\n{extra}\n')
    with pytest.raises(UsageError, match=message):
        run(config, tmp_path / 'w')
    assert not (tmp_path / 'w').exists()
