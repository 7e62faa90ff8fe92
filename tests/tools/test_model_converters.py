"""tools/model_converters: layouts of checkpoints."""

from pathlib import Path

import pytest
import torch

from knet.backbones import swin_keys
from tests.backbones.test_swin import backbone, classifier

from .conftest import call

TOOL = 'model_converters/swin_keys.py'
PREFIX = 'backbone.'


def weights(path: Path) -> dict:
    return torch.load(str(path))['state_dict']


def test_classifier_there_and_back(tmp_path: Path) -> None:
    module = backbone()
    published, ours, back = (tmp_path / name for name in ('published.pth', 'new/ours.pth', 'back.pth'))
    torch.save(dict(model=classifier(module)), str(published))
    assert call(TOOL, published, ours, '--to', 'mmdet')[0] == 0
    want = {PREFIX + key: value for key, value in module.state_dict().items() if not key.startswith('norm')}
    assert set(weights(ours)) == set(want)
    assert all(torch.equal(value, want[key]) for key, value in weights(ours).items())
    assert call(TOOL, ours, back, '--to', 'original')[0] == 0
    again = swin_keys.to_original(want, PREFIX)
    assert all(torch.equal(value, again[key]) for key, value in weights(back).items())


def test_other_weights_of_a_detector_stay(tmp_path: Path) -> None:
    content = {PREFIX + key: value for key, value in backbone().state_dict().items()}
    torch.save(
        dict(state_dict={**content, 'neck.weight': torch.ones(1)}, meta=dict(epoch=3), optimizer={}),
        str(tmp_path / 'in.pth'),
    )
    assert call(TOOL, tmp_path / 'in.pth', tmp_path / 'out.pth', '--to', 'original')[0] == 0
    written = torch.load(str(tmp_path / 'out.pth'))
    assert set(written) == {'state_dict', 'meta'} and written['meta'] == dict(epoch=3)
    assert written['state_dict']['neck.weight'] == 1
    assert f'{PREFIX}norm3.weight' in written['state_dict']


@pytest.mark.parametrize(
    'content, to, message',
    [
        (dict(state_dict={'conv1.weight': torch.ones(1)}), 'mmdet', 'holds no Swin backbone'),
        (dict(state_dict={'layers.0.blocks.0.norm1.weight': torch.ones(1)}), 'original', 'layout "original" already'),
        (dict(state_dict={}), 'mmdet', 'holds no weights'),
        (None, 'mmdet', 'damaged'),
    ],
)
def test_unsuitable_files_are_refused(content: object, to: str, message: str, tmp_path: Path) -> None:
    source = tmp_path / 'in.pth'
    source.write_bytes(b'not a checkpoint') if content is None else torch.save(content, str(source))
    code, _, error = call(TOOL, source, tmp_path / 'out.pth', '--to', to)
    assert code == 1 and message in error and 'in.pth' in error
    assert not (tmp_path / 'out.pth').exists()


def test_source_is_not_overwritten(tmp_path: Path) -> None:
    torch.save(dict(model=classifier(backbone())), str(tmp_path / 'in.pth'))
    code, _, error = call(TOOL, tmp_path / 'in.pth', tmp_path / 'in.pth', '--to', 'mmdet')
    assert code == 1 and 'name another one' in error
