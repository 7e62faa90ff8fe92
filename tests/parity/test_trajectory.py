"""Training, step by step: the losses, gradient norms and weights of the original over 30 iterations in float64.

The conventions under which both sides computed, so that rounding decides nothing, are those of
``docs/faithfulness.md``: float64 throughout, no epsilon in mmdet's loss average, and a fixed jitter of 1e-6 on
every cost matrix before the assignment.

The suite runs ten iterations; ``FULL_TRAJECTORY=1`` runs all thirty and compares the final weights.
"""

import json
import os
from types import SimpleNamespace
from typing import Any, Dict, Iterator, Tuple

import mmdet.models.losses.utils as loss_utils
import numpy as np
import pytest
import torch
from mmcv import Config
from mmcv.runner import build_optimizer
from mmdet.models import build_detector
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from knet.det import mask_hungarian_assigner, targets
from knet.det.targets import resize_masks
from tests.models import uninitialised

from .cases import PARITY_DIR, ROOT, fill
from .module_cases import bitmap_masks

FOLDER = PARITY_DIR / 'trajectory'
CONFIGS = dict(
    image='configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py',
    video='configs/det/video_knet_kitti_step/'
    'video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_train.py',
)
SMALL = {
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 32,
    'model.backbone.stem_channels': 32,
    'model.backbone.norm_cfg.type': 'BN',
    'model.backbone.init_cfg': None,
    'model.neck.in_channels': [32, 64, 128, 256],
}
SIZE, PADDED, PAIRS = (120, 250), (128, 256), 12
#: Largest relative difference of a loss term, a gradient norm, or the sum of an entry of the weights.
TOLERANCE = 1e-9
ITERATIONS = 30 if os.environ.get('FULL_TRAJECTORY') else 10


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute under the conventions of the recording."""

    def jittered(cost: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        rows, columns = cost.shape
        return linear_sum_assignment(cost + 1e-6 * np.random.RandomState(rows * 100 + columns).rand(rows, columns))

    finfo = SimpleNamespace(finfo=lambda dtype: SimpleNamespace(eps=0.0), float32=torch.float32)
    monkeypatch.setattr(loss_utils, 'torch', finfo)
    monkeypatch.setattr(mask_hungarian_assigner, 'linear_sum_assignment', jittered)
    monkeypatch.setattr(targets, 'resize_masks', lambda *args: resize_masks(*args).double())
    monkeypatch.setattr(torch.Tensor, 'float', torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def build(kind: str) -> Tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Build the small network of the recording and the optimiser of its config."""
    cfg = Config.fromfile(str(ROOT / CONFIGS[kind]))
    cfg.merge_from_dict(SMALL)
    with uninitialised():
        model = fill.fill_(build_detector(cfg.model).double()).train()
    return model, build_optimizer(model, cfg.optimizer)


class Batches:
    """The pairs of frames that both sides were trained on."""

    def __init__(self) -> None:
        self.arrays = dict(np.load(str(FOLDER / 'batches.npz')))

    def frame(self, pair: int, prefix: str = '') -> Dict[str, Any]:
        """Return image, masks, labels, identities and semantic map of the key (no prefix) or the reference frame."""
        image = torch.zeros(1, 3, *PADDED, dtype=torch.float64)
        image[..., : SIZE[0], : SIZE[1]] = torch.from_numpy(self.arrays[f'{prefix}img_{pair}']).permute(2, 0, 1) / 64
        semantic = torch.zeros(1, 1, *PADDED, dtype=torch.int64)
        semantic[..., : SIZE[0], : SIZE[1]] = torch.from_numpy(self.arrays[f'{prefix}sem_{pair}'].astype(np.int64))
        ids = torch.from_numpy(self.arrays[f'{prefix}ids_{pair}'])
        owners = torch.from_numpy(self.arrays[f'{prefix}ins_{pair}'].astype(np.int64))
        indices = torch.zeros_like(owners)
        for index, identity in enumerate(ids.tolist()):
            indices[owners == identity - 100 * pair] = index + 1
        labels = torch.from_numpy(self.arrays[f'{prefix}labels_{pair}'])
        return dict(image=image, semantic=semantic, ids=ids, labels=labels, masks=bitmap_masks(indices, len(ids)))


def losses_of(model: torch.nn.Module, kind: str, batches: Batches, pair: int) -> Dict[str, Tensor]:
    """Return the losses of one batch."""
    meta = dict(img_shape=(*SIZE, 3), pad_shape=(*PADDED, 3), ori_shape=(*SIZE, 3), batch_input_shape=PADDED)
    key = batches.frame(pair)
    if kind == 'image':
        return model.forward_train(key['image'], [meta], [key['labels']], [key['masks']], key['semantic'])
    reference = batches.frame(pair, 'ref_')

    def column(values: Tensor) -> Tensor:
        return torch.stack([torch.zeros(len(values)), values.double()], dim=1)

    return model.forward_train(
        key['image'],
        [meta],
        [key['labels']],
        [key['masks']],
        [key['ids']],
        key['semantic'],
        reference['image'][None],
        [[dict(meta)]],
        [column(reference['labels'])],
        [[reference['masks']]],
        [column(reference['ids'])],
        reference['semantic'][None],
    )


def relative(mine: float, theirs: float) -> float:
    """Return the relative difference of two numbers; absolute where the expected number is below 1."""
    return abs(mine - theirs) / max(1.0, abs(theirs))


@pytest.mark.slow
@pytest.mark.usefixtures('exact')
@pytest.mark.parametrize('kind', CONFIGS)
def test_training_follows_the_original_step_by_step(kind: str) -> None:
    want = json.loads((FOLDER / f'{kind}.json').read_text())
    model, optimizer = build(kind)
    assert sum(parameter.numel() for parameter in model.parameters()) == want['num_parameters']
    batches, worst = Batches(), 0.0
    for iteration, expected in enumerate(want['losses'][:ITERATIONS]):
        losses = losses_of(model, kind, batches, iteration % PAIRS)
        total = sum(value for name, value in losses.items() if 'loss' in name)
        optimizer.zero_grad()
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        mine = {**losses, 'loss': total, 'grad_norm': norm}
        assert set(mine) == set(expected)
        differences = {name: relative(value.item(), expected[name]) for name, value in mine.items()}
        name = max(differences, key=differences.__getitem__)
        worst = max(worst, differences[name])
        assert differences[name] <= TOLERANCE, f'iteration {iteration}, {name}: {differences[name]:.1e}'
    if len(want['losses']) == ITERATIONS:
        state = model.state_dict()
        for key, sums in want['final_sums'].items():
            for mine, theirs in zip((state[key].sum(), state[key].abs().sum()), sums):
                assert relative(mine.item(), theirs) <= TOLERANCE, key
    print(f'{kind}: worst relative difference {worst:.1e}')
