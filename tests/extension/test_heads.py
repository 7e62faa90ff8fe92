"""Heads of a user's own: a loss is trained, a link reads the previous frame."""

import torch

from tests.extension import heads  # noqa: F401  registers them
from tests.models import build_toy_model, meta, pair_batch, total


def test_a_loss_is_weighted_and_trained() -> None:
    model = build_toy_model(
        roi_head__mask_head__type='AreaLossHead', roi_head__stage_loss_weights=[1.0, 1.0, 0.5]
    ).train()
    losses = model.forward_train(**pair_batch([2, 0], [1, 1]))
    assert {f's{stage}_loss_area{frame}' for stage in range(3) for frame in ('', '_ref')} <= set(losses)
    losses['s2_loss_area'].backward()
    assert model.roi_head.mask_head[2].fc_mask.weight.grad.abs().sum() > 0


def test_a_link_is_trained_and_reads_the_previous_frame() -> None:
    model = build_toy_model(roi_head__mask_head__type='GatedLinkHead', roi_head__mask_head__previous_type=None)
    total(model.train().forward_train(**pair_batch([2], [2]))).backward()
    gates = [head.track_link.gate.weight for head in model.roi_head.mask_head]
    assert gates[2].grad.abs().sum() > 0 and not gates[0].requires_grad

    image, memory = torch.randn(1, 3, 64, 96), model.eval().new_stream()
    with torch.inference_mode():
        first, second = (model.forward_network(image, meta(0, t), memory).stage for t in range(2))
    assert first.track_kernels is None and second.track_kernels.shape == second.kernels.shape
