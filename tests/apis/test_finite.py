"""Values that are not finite stop a training, or skip its step, before they reach weights or checkpoints."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import torch
from mmdet.models import DETECTORS

from knet.apis import read_checkpoint
from knet.apis.finite import NonFiniteError, check_state
from knet.det.mask_hungarian_assigner import MaskHungarianAssigner, _comparable
from knet.det.panoptic_fusion import check_finite

from .fakes import FakeVideoModel
from .test_train import run

pytestmark = pytest.mark.slow


@DETECTORS.register_module()
class FaultyModel(FakeVideoModel):
    """Computes a bad value at some of its calls."""

    def __init__(self, bad_calls: List[int], fault: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bad_calls, self.fault, self.calls = bad_calls, fault, 0

    def forward_train(self, img: torch.Tensor, img_metas: List[dict], **kwargs: Any) -> Dict[str, torch.Tensor]:
        self.calls += 1
        bad = self.calls in self.bad_calls
        if bad and self.fault == 'input':
            img = img * float('nan')
        losses = super().forward_train(img, img_metas, **kwargs)
        if bad and self.fault == 'gradient':  # The root of zero is finite, its slope isn't.
            losses['loss_fake'] = losses['loss_fake'] + (self.backbone[0].bias * 0).abs().sum().sqrt()
        return losses


def settings(calls: List[int], fault: str, **more: Any) -> Dict[str, Any]:
    model = dict(type='FaultyModel', bad_calls=calls, fault=fault)
    return dict({f'model.{key}': value for key, value in model.items()}, **more)


@pytest.mark.parametrize(
    'fault, named', [('input', 'loss_fake = nan, loss = nan'), ('gradient', 'norm of the gradients = ')]
)
def test_the_training_stops_before_the_weights_change(config: Path, tmp_path: Path, fault: str, named: str) -> None:
    last = (tmp_path / 'w/epoch_1.pth').absolute()
    with pytest.raises(NonFiniteError, match=f'iteration 9: not finite: {named}.*last good checkpoint is {last}'):
        run(config, tmp_path / 'w', **settings([9], fault))
    assert read_checkpoint(tmp_path / 'w/latest.pth')['meta']['iter'] == 7


def test_without_a_checkpoint_the_error_says_so(config: Path, tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match='no checkpoint was written yet'):
        run(config, tmp_path / 'w', **settings([2], 'input'))


@pytest.mark.parametrize('fault', ['input', 'gradient'])
def test_steps_may_be_skipped(config: Path, tmp_path: Path, fault: str) -> None:
    options = settings([9, 12], fault, **{'optimizer_config.skip_non_finite': 2})
    content = run(config, tmp_path / 'w', **options)
    assert content['meta']['iter'] == 21
    assert {int(state['step']) for state in content['optimizer']['state'].values()} == {19}
    assert all(tensor.isfinite().all() for tensor in content['state_dict'].values())
    with pytest.raises(NonFiniteError, match='iteration 12: .*after 1 skipped steps'):
        run(config, tmp_path / 'v', **dict(options, **{'optimizer_config.skip_non_finite': 1}))


def test_gradients_without_clipping_never_reach_a_checkpoint(config: Path, tmp_path: Path) -> None:
    options = {'optimizer_config.grad_clip': None, 'data.train.lengths': [14]}
    with pytest.raises(NonFiniteError, match='epoch_2.pth is not written, because 3 tensors .*backbone.0.bias'):
        run(config, tmp_path / 'w', **settings([14], 'gradient', **options))
    assert read_checkpoint(tmp_path / 'w/latest.pth')['meta']['iter'] == 7


def test_states_are_searched_for_bad_values() -> None:
    good = dict(state_dict=dict(a=torch.zeros(2), b=torch.zeros(2, dtype=torch.long)))
    check_state(good, 'x.pth')
    bad = dict(good, optimizer=dict(state={0: dict(exp_avg=torch.tensor([float('inf')]))}))
    with pytest.raises(NonFiniteError, match='1 tensors are not finite: optimizer.state.0.exp_avg'):
        check_state(bad, 'x.pth')


def test_predictions_that_are_not_finite_are_matched_first() -> None:
    cost = np.float32([[1, 2], [np.nan, 3], [0, np.inf]])
    assert _comparable(cost[:1]) is not None and (_comparable(cost[:1]) == cost[:1]).all()
    assigner = MaskHungarianAssigner(
        cls_cost=dict(type='FocalLossCost', weight=2.0),
        mask_cost=dict(type='knet.MaskCost', weight=1.0),
        dice_cost=dict(type='knet.DiceCost', weight=4.0),
    )
    logits = torch.zeros(4, 8, 8)
    logits[2] = float('nan')
    found = assigner.assign(logits, torch.zeros(4, 3), torch.ones(1, 8, 8), torch.tensor([1]))
    assert found.gt_inds.tolist() == [0, 0, 1, 0]


def test_predictions_that_are_not_finite_are_refused() -> None:
    check_finite([0.0, 1.0], 'a.png')
    with pytest.raises(ValueError, match='a.png: the network computed scores or masks that are not finite'):
        check_finite([0.0, float('nan')], 'a.png')
