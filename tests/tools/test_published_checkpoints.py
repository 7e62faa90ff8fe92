"""Checkpoints in the file form of 2021, with the keys of the original: they test, fine-tune and resume."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from knet.apis import build_model, load_config
from knet.apis.checkpoint import load_weights, read_checkpoint
from tests.published import R50, SWIN_B, manifest_keys, publish_as_in_2021

from .conftest import CONFIG, ROOT, call, files_of

pytestmark = pytest.mark.slow

_BACKBONE = 'depth=18, base_channels=8, stem_channels=8, frozen_stages=-1, norm_eval=True, init_cfg=None'
_SWIN = (
    "_delete_=True, type='SwinTransformerDIY', embed_dims=8, depths=[2, 2, 18, 2], num_heads=[1, 2, 4, 8], "
    'drop_path_rate=0'
)
_LINKS = "mask_head=dict(previous_type='update', previous_link='update_dynamic_cov', in_"
#: As in the original, which gives every parameter a group of its own.
_OPTIMIZER = {"'AdamW', lr=1e-3": "'AdamW', lr=1e-3, paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.25)))"}
#: Manifest, and what gives the tiny network of the tests its keys.
NETWORKS = {
    'r50': (
        R50,
        {
            _BACKBONE: 'depth=50, base_channels=4, stem_channels=4, frozen_stages=1, norm_eval=True, init_cfg=None',
            '[8, 16, 32, 64]': '[16, 32, 64, 128]',
        },
    ),
    'swin': (SWIN_B, {_BACKBONE: _SWIN, 'mask_head=dict(in_': _LINKS}),
}


@dataclass
class Published:
    """A checkpoint of 2021 and what it was made of.

    Attributes:
        manifest: Name of the manifest.
        config: Config of its network.
        work_dir: A training of two epochs by this project.
        file: The checkpoint after the first epoch in the form of 2021.
    """

    manifest: str
    config: Path
    work_dir: Path
    file: Path

    def train(self, work_dir: Path, *options: Any) -> None:
        """Run a training without validation; its failure fails the test."""
        code, out, err = call('train.py', self.config, '--work-dir', work_dir, '--no-validate', *options)
        assert code == 0, out + err


@pytest.fixture(scope='module', params=list(NETWORKS))
def published(request: pytest.FixtureRequest, street: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    manifest, changes = NETWORKS[request.param]
    text = CONFIG.format(root=ROOT, data=street)
    for old, new in {**changes, **_OPTIMIZER}.items():
        assert old in text
        text = text.replace(old, new)
    folder = tmp_path_factory.mktemp(request.param)
    made = Published(manifest, folder / 'tiny.py', folder / 'work', folder / 'published.pth')
    made.config.write_text(text)
    made.train(made.work_dir, '--seed', 5)
    publish_as_in_2021(made.work_dir / 'epoch_1.pth', made.file, manifest)
    return made


def test_its_form_is_that_of_the_original(published: Published) -> None:
    content = read_checkpoint(published.file)
    assert list(content['state_dict']) == manifest_keys(published.manifest)
    assert b'numpy.core.multiarray' in published.file.read_bytes() and 'optimizer_names' not in content
    assert content['meta']['hook_msgs'] == dict(best_score=0.5, best_epoch=3)


def test_it_is_tested(published: Published, tmp_path: Path) -> None:
    predictions = []
    for name, checkpoint in (('native', published.work_dir / 'epoch_1.pth'), ('old', published.file)):
        code, out, err = call(
            'test_step.py', published.config, checkpoint, '--out-dir', tmp_path / name, '--eval', 'stq'
        )
        assert code == 0 and 'STQ' in out, err
        predictions.append(files_of(tmp_path / name))
    assert predictions[0] == predictions[1] and predictions[0]


def test_it_resumes_to_the_weights_of_the_uninterrupted_run(published: Published, tmp_path: Path) -> None:
    published.train(tmp_path / 'work', '--resume-from', published.file)
    resumed, straight = (read_checkpoint(path / 'epoch_2.pth') for path in (tmp_path / 'work', published.work_dir))
    assert resumed['meta']['iter'] == straight['meta']['iter'] > 0
    for key, value in straight['state_dict'].items():
        assert torch.equal(resumed['state_dict'][key], value), key


def test_it_is_fine_tuned_to_other_classes(published: Published, tmp_path: Path) -> None:
    """Heads of another class count start anew, everything else is filled."""
    classes = 'model.label_space=vipseg'
    model = build_model(load_config(str(published.config), {'model.label_space': 'vipseg'}))
    report = load_weights(model, read_checkpoint(published.file)['state_dict'])
    assert not report.missing and not report.unexpected
    assert {key.rsplit('.', 2)[-2] for key, _, _ in report.mismatched} == {'fc_cls', 'conv_seg'}
    options = ('--cfg-options', classes, 'data.train.dataset.label_space=vipseg', 'runner.max_epochs=1')
    published.train(tmp_path / 'work', '--load-from', published.file, *options)
    assert (tmp_path / 'work' / 'epoch_1.pth').is_file()
