"""Instances: best pairs of query and class, masks at original size."""

import numpy as np
import pytest
import torch

from knet.det.instance_selection import select_instances
from knet.det.panoptic_fusion import MaskResizer
from knet.structures import InstancePrediction
from tests.models import build_toy_model, image_batch, meta, total

INSTANCE_CONFIG = 'configs/toy/knet_toy_coco_instance.py'


def square_masks() -> torch.Tensor:
    """Return the masks of three queries on 4 x 4 pixels: left half, upper half, nothing."""
    masks = torch.full((3, 4, 4), -10.0)
    masks[0, :, :2] = 10
    masks[1, :2] = 10
    return masks


def resizer(size: tuple = (4, 4)) -> MaskResizer:
    return MaskResizer(square_masks(), 1, dict(batch_input_shape=(4, 4), img_shape=(4, 4, 3), ori_shape=(*size, 3)))


def test_pairs_by_score_and_their_masks() -> None:
    scores = torch.tensor([[0.1, 0.6], [0.9, 0.5], [0.2, 0.3]])
    prediction = select_instances(scores, resizer(), max_per_img=4, mask_thr=0.5)
    np.testing.assert_allclose(prediction.scores, [0.9, 0.6, 0.5, 0.3])
    assert prediction.labels.tolist() == [0, 1, 1, 1]
    assert prediction.masks.dtype == bool and prediction.masks.shape == (4, 4, 4)
    assert [m.sum() for m in prediction.masks] == [8, 8, 8, 0]
    # One query under two classes has one mask; masks of different queries overlap.
    np.testing.assert_array_equal(prediction.masks[0], prediction.masks[2])
    assert (prediction.masks[0] & prediction.masks[1]).sum() == 4


def test_masks_have_original_size_and_fewer_pairs_than_asked_are_fine() -> None:
    prediction = select_instances(torch.rand(3, 2), resizer((8, 12)), max_per_img=100, mask_thr=0.5)
    assert prediction.masks.shape == (6, 8, 12)
    assert prediction.masks.sum((1, 2)).max() == 48


@pytest.mark.parametrize('semantic', [True, False])
def test_model_without_stuff_trains_and_predicts_instances(semantic: bool) -> None:
    model = build_toy_model(INSTANCE_CONFIG, test_cfg__rcnn__max_per_img=5).train()
    batch = image_batch([2, 0])
    if not semantic:
        del batch['gt_semantic_seg']
    losses = model.forward_train(**batch)
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert not [name for name in losses if 'rank' in name]
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    metas = [meta(), dict(meta(), ori_shape=(32, 48, 3))]
    predictions = model.eval()(return_loss=False, rescale=True, img=[batch['img']], img_metas=[metas])
    assert all(isinstance(p, InstancePrediction) for p in predictions)
    assert [p.masks.shape for p in predictions] == [(5, 64, 96), (5, 32, 48)]
