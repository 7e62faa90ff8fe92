"""What the measured models see: generated frames with ground truth, and what a trained network would say about them."""

from typing import Any, Dict, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor


def frame_and_meta(size: Sequence[int]) -> Tuple[Tensor, Dict[str, Any]]:
    """Return a random picture (1, 3, H, W) float, padded to a multiple of 32 from ``size`` = (h, w), and its meta."""
    height, width = size
    padded = [-(-side // 32) * 32 for side in (height, width)]
    image = torch.zeros(1, 3, *padded)
    image[..., :height, :width] = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    meta = dict(
        img_shape=(height, width, 3),
        ori_shape=(height, width, 3),
        pad_shape=(*padded, 3),
        scale_factor=np.ones(4, dtype=np.float32),
        flip=False,
        flip_direction=None,
        filename='',
        ori_filename='',
        batch_input_shape=tuple(padded),
        video_id=0,
        frame_id=0,
        is_first_frame=True,
    )
    return image, meta


def add_street(output: Any, num_things: int, number: int) -> None:
    """Overwrite part of a network's output by what a trained network would say about a street.

    Random weights leave hardly a segment. So the first ``number`` queries become
    boxes with clear scores and three stuff queries bands behind them; all other
    queries stay as they are.

    Args:
        output: Output of the last stage of a batch of one frame; its masks and class scores are changed in place.
        num_things: Number of thing classes.
        number: Number of things that are added.
    """
    masks, logits = output.masks[0], output.cls_logits[0]
    height, width = masks.shape[-2:]
    queries = len(masks) - (logits.shape[1] - num_things)
    chosen = list(range(number)) + [queries + stuff for stuff in range(3)]
    masks[chosen] = -6
    logits[:number] = -6
    for n in range(number):
        masks[
            n,
            height // 3 + n % 3 * 4 : height // 3 + n % 3 * 4 + height // 3,
            n * width // number : (n + 1) * width // number - 2,
        ] = 6
        logits[n, n % num_things] = 1 + n / number
    for band in range(3):
        masks[queries + band, band * height // 3 : (band + 1) * height // 3] = 6
        logits[queries + band, num_things + band] = 0.5


def street_masks(number: int, size: Sequence[int], shift: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return rectangles as masks (N, H, W) uint8, and a semantic map (H, W) int64 of stuff and the rectangles."""
    height, width = size
    masks = np.zeros((number, height, width), dtype=np.uint8)
    semantic = np.zeros((height, width), dtype=np.int64)
    semantic[: height // 3], semantic[height // 3 : height // 2] = 10, 2
    for n in range(number):
        top, left = height // 3 + 7 * n % (height // 3), (n * width // number + shift) % (width - 90)
        masks[n, top : top + 60, left : left + 80] = 1
        semantic[top : top + 60, left : left + 80] = (11, 13)[n % 2]
    return masks, semantic


def pair_batch(size: Sequence[int], number: int) -> Dict[str, Any]:
    """Return a batch of one key frame of ``size`` = (h, w) with ``number`` things and one reference frame."""
    from mmdet.core import BitmapMasks

    image, meta = frame_and_meta(size)
    size = tuple(image.shape[-2:])
    # Training crops fill the padded size.
    meta.update(img_shape=(*size, 3), ori_shape=(*size, 3))
    labels, ids, boxes = torch.arange(number) % 2, torch.arange(number) + 1, torch.zeros(number, 4)
    batch = dict(img=image, img_metas=[meta], ref_img=image[:, None] * 0.9, ref_img_metas=[[dict(meta, frame_id=1)]])
    for prefix, shift in (('', 0), ('ref_', 12)):
        masks, labelled = street_masks(number, size, shift)
        bitmaps, semantic = BitmapMasks(masks, *size), torch.from_numpy(labelled)[None, None]
        column = torch.zeros(number, 1)
        batch.update(
            {
                f'{prefix}gt_masks': [[bitmaps]] if prefix else [bitmaps],
                f'{prefix}gt_semantic_seg': semantic[:, None] if prefix else semantic,
                f'{prefix}gt_bboxes': [torch.cat([column, boxes], 1) if prefix else boxes],
                f'{prefix}gt_labels': [torch.stack([column[:, 0], labels.float()], 1) if prefix else labels],
                f'{prefix}gt_instance_ids': [torch.stack([column[:, 0], ids.float()], 1) if prefix else ids],
            }
        )
    return batch


def panoptic_batch(size: Sequence[int], number: int) -> Dict[str, Any]:
    """Return a training batch of two frames of ``size`` = (h, w) with ``number`` things for mmdet's PanopticFPN."""
    from mmdet.core import BitmapMasks

    image, meta = frame_and_meta(size)
    shape = tuple(image.shape[-2:])
    meta.update(img_shape=(*shape, 3), ori_shape=(*shape, 3))
    masks, semantic = street_masks(number, shape, 0)
    boxes = [[mask.any(0).argmax(), mask.any(1).argmax()] for mask in masks]
    corners = torch.tensor([[x, y, x + 80, y + 60] for x, y in boxes], dtype=torch.float32)
    return dict(
        img=torch.cat([image, image.flip(3)]),
        img_metas=[meta, dict(meta)],
        gt_bboxes=[corners, corners],
        gt_labels=[torch.arange(number) % 2] * 2,
        gt_masks=[BitmapMasks(masks, *shape)] * 2,
        # Labels of the semantic branch: all things are one class, then the stuff classes; at a quarter of the size.
        gt_semantic_seg=torch.from_numpy(semantic)[None, None, ::4, ::4].repeat(2, 1, 1, 1),
    )
