"""Ground truth as the heads see it."""

import numpy as np
import pytest
import torch

from knet.det.targets import build_targets, last_owner, logits_at, paint, upsample
from knet.labels import KITTI_STEP
from tests.models import SIZE, frame_gt, meta


def test_masks_are_resized_and_stuff_is_cut_from_the_semantic_map() -> None:
    labels, masks, semantic = frame_gt(3)
    target = build_targets([masks], [labels], semantic[None], [meta()], KITTI_STEP, 2)[0]
    assert target.thing_masks.shape == (3, SIZE[0] // 2, SIZE[1] // 2)
    # Road is model class 2, sky (dataset id 10) is 12; persons and cars are no stuff.
    assert target.stuff_labels.tolist() == [2, 12]
    # By stride 2 bilinear resizing averages 2 x 2 pixels.
    want = masks.masks[0].reshape(SIZE[0] // 2, 2, SIZE[1] // 2, 2).mean((1, 3))
    np.testing.assert_allclose(target.thing_masks[0], want, atol=1e-6)


def test_nothing_outside_the_image_is_stuff() -> None:
    labels, masks, semantic = frame_gt(0)
    small = meta()
    small['img_shape'] = (SIZE[0], 40, 3)
    target = build_targets([masks], [labels], semantic[None], [small], KITTI_STEP, 2)[0]
    assert target.thing_masks.shape == (0, SIZE[0] // 2, SIZE[1] // 2)
    assert target.stuff_masks[:, :, 20:].sum() == 0 and target.stuff_masks[:, :, :20].sum() > 0


def test_later_paint_covers_earlier() -> None:
    masks = torch.zeros(3, 2, 4)
    masks[0, :, :3] = 1
    masks[1, :, 1:2] = 0.25
    masks[2, 1, 0] = 1
    assert last_owner(masks).tolist() == [[0, 1, 0, -1], [2, 1, 0, -1]]
    assert paint(masks, torch.tensor([7, 8, 9]), -5).tolist() == [[7, 8, 7, -5], [9, 8, 7, -5]]
    assert paint(masks[:0], torch.zeros(0, dtype=torch.long), 4).tolist() == [[4] * 4] * 2


@pytest.mark.parametrize('share', [0.0, 0.1, 1.0])
def test_logits_at_pixels_are_those_of_the_upsampled_map(share: float) -> None:
    torch.manual_seed(0)
    masks = torch.randn(3, 5, 7, dtype=torch.double, requires_grad=True)
    pixels = torch.randperm(20 * 28)[: int(share * 20 * 28)]
    wanted = upsample(masks[None], 4)[0].flatten(1)[:, pixels]
    got = logits_at(masks, pixels, 4)
    torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-9)
    probe = torch.randn_like(wanted)
    torch.testing.assert_close(
        *(torch.autograd.grad((values * probe).sum(), masks)[0] for values in (got, wanted)), rtol=1e-9, atol=1e-9
    )
