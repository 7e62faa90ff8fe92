"""Image K-Net trains on any batch and predicts at original size."""

import pytest
import torch

from knet.structures import PanopticPrediction
from tests.models import build_toy_model, image_batch, meta, total

IMAGE_CONFIG = 'configs/toy/knet_toy_cityscapes_step.py'


@pytest.mark.parametrize('things', [[2], [0], [3, 0], [0, 0], [1, 4, 2]])
def test_any_batch_trains(things: list) -> None:
    model = build_toy_model(IMAGE_CONFIG).train()
    losses = model.forward_train(**image_batch(things))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    missing = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert missing == []


def test_more_things_than_proposals() -> None:
    model = build_toy_model(IMAGE_CONFIG, rpn_head__num_proposals=3, roi_head__num_proposals=3).train()
    losses = model.forward_train(**image_batch([6]))
    assert torch.isfinite(total(losses))


def test_batch_loss_is_that_of_its_images_where_they_are_alike() -> None:
    """Two copies of an image have the loss of one."""
    model = build_toy_model(IMAGE_CONFIG).eval()
    one = image_batch([3])
    two = {k: (torch.cat([v, v]) if torch.is_tensor(v) else v * 2) for k, v in one.items()}
    single, double = model.forward_train(**one), model.forward_train(**two)
    for name, value in single.items():
        torch.testing.assert_close(double[name], value, rtol=1e-4, atol=1e-5)


def test_predictions_have_original_size() -> None:
    model = build_toy_model(IMAGE_CONFIG).eval()
    metas = [meta(), meta()]
    metas[1]['ori_shape'] = (128, 192, 3)
    predictions = model(return_loss=False, rescale=True, img=[torch.randn(2, 3, 64, 96)], img_metas=[metas])
    assert [p.semantic.shape for p in predictions] == [(64, 96), (128, 192)]
    assert all(isinstance(p, PanopticPrediction) for p in predictions)


def test_contradicting_class_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="label space 'kitti_step' has 2 \\+ 17"):
        build_toy_model(IMAGE_CONFIG, rpn_head__num_thing_classes=3)


def test_strides_must_agree() -> None:
    with pytest.raises(ValueError, match=r'feat_downsample_stride=4, but roi_head.mask_head.0.mask_upsample_stride=2'):
        build_toy_model(IMAGE_CONFIG, rpn_head__feat_downsample_stride=4)
    model = build_toy_model(IMAGE_CONFIG, mask_assign_stride=4)
    with pytest.raises(ValueError, match='model.mask_assign_stride times'):
        model.forward_train(**image_batch([2]))


@pytest.mark.parametrize(
    'config, key', [(IMAGE_CONFIG, 'roi_head'), ('configs/toy/knet_track_toy_youtubevis.py', 'tracker')]
)
def test_numbers_of_proposals_must_agree(config: str, key: str) -> None:
    # Else the first stuff kernels would be matched with things.
    with pytest.raises(ValueError, match=f'but {key}.num_proposals=12; both are one number'):
        build_toy_model(config, **{f'{key}__num_proposals': 12})


def test_every_stage_needs_an_assigner() -> None:
    with pytest.raises(ValueError, match='num_stages=4, but train_cfg.rcnn has 3 entries'):
        build_toy_model(IMAGE_CONFIG, roi_head__num_stages=4, roi_head__stage_loss_weights=[1] * 4)


def test_stage_counts_must_agree() -> None:
    with pytest.raises(ValueError, match='num_stages=3'):
        build_toy_model(IMAGE_CONFIG, roi_head__stage_loss_weights=[1, 1])


def test_test_time_augmentation_is_refused() -> None:
    model = build_toy_model(IMAGE_CONFIG).eval()
    image = torch.randn(1, 3, 64, 96)
    with pytest.raises(ValueError, match='test-time augmentation'):
        model(return_loss=False, img=[image, image], img_metas=[[meta()], [meta()]])
