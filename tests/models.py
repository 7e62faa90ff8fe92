"""Small models and synthetic batches that several tests share."""

from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import pytest
import torch
from mmcv import Config
from mmdet.core import BitmapMasks
from mmdet.models import build_detector

ROOT = Path(__file__).resolve().parents[1]
SIZE = (64, 96)


@contextmanager
def uninitialised() -> Iterator[None]:
    """Parameters that are made here hold arbitrary numbers: large models come in a fraction of the time."""
    names = [name for name in dir(torch.nn.init) if name.endswith('_') and not name.startswith('_')]
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(torch.nn.init, name, lambda tensor, *args, **kwargs: tensor)
        yield


def build_toy_model(config: str = 'configs/toy/video_knet_toy_kitti_step.py', **overrides: Any) -> torch.nn.Module:
    """A toy detector with seeded random weights; ``overrides`` are dotted keys below ``model`` with __ for dots."""
    cfg = Config.fromfile(str(ROOT / config))
    cfg.merge_from_dict({f'model.{key.replace("__", ".")}': value for key, value in overrides.items()})
    torch.manual_seed(0)
    model = build_detector(cfg.model)
    model.init_weights()
    return model


def meta(video_id: int = 0, frame_id: int = 0, **extra: Any) -> Dict[str, Any]:
    shape = (*SIZE, 3)
    return dict(
        video_id=video_id,
        frame_id=frame_id,
        is_first_frame=False,
        img_shape=shape,
        ori_shape=shape,
        pad_shape=shape,
        batch_input_shape=SIZE,
        **extra,
    )


def frame_gt(things: int, seed: int = 0) -> Tuple[torch.Tensor, BitmapMasks, torch.Tensor]:
    """Labels (G,), masks and a semantic map (1, H, W) with road, sky and ``things`` cars and persons."""
    rng = np.random.RandomState(seed)
    semantic = np.zeros(SIZE, np.int64)
    semantic[: SIZE[0] // 2] = 10
    masks = np.zeros((things, *SIZE), np.uint8)
    labels = np.arange(things) % 2
    for i in range(things):
        y, x = rng.randint(0, SIZE[0] - 24), rng.randint(0, SIZE[1] - 24)
        masks[:, y : y + 20, x : x + 20] = 0
        masks[i, y : y + 20, x : x + 20] = 1
        semantic[y : y + 20, x : x + 20] = (11, 13)[labels[i]]
    return torch.from_numpy(labels), BitmapMasks(masks, *SIZE), torch.from_numpy(semantic)[None]


def image_batch(things: List[int], seed: int = 0) -> Dict[str, Any]:
    """Arguments of ``KNet.forward_train`` for images with the given numbers of things."""
    torch.manual_seed(seed)
    labels, masks, semantic = zip(*(frame_gt(n, seed + i) for i, n in enumerate(things)))
    return dict(
        img=torch.randn(len(things), 3, *SIZE),
        img_metas=[meta() for _ in things],
        gt_labels=list(labels),
        gt_masks=list(masks),
        gt_semantic_seg=torch.stack(semantic),
    )


def pair_batch(things: List[int], ref_things: List[int], seed: int = 0) -> Dict[str, Any]:
    """Arguments of ``VideoKNet.forward_train``; instance i has id 100 + i in both frames."""
    batch, ref = image_batch(things, seed), image_batch(ref_things, seed + 50)

    def column(values: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.zeros_like(values), values], dim=1)

    batch['gt_instance_ids'] = [100 + torch.arange(n) for n in things]
    batch.update(
        ref_img=ref['img'][:, None],
        ref_img_metas=[[m] for m in ref['img_metas']],
        ref_gt_labels=[column(v) for v in ref['gt_labels']],
        ref_gt_masks=[[m] for m in ref['gt_masks']],
        ref_gt_instance_ids=[column(100 + torch.arange(n)) for n in ref_things],
        ref_gt_semantic_seg=ref['gt_semantic_seg'][:, None],
    )
    return batch


def clip_batch(things: List[List[int]]) -> Dict[str, Any]:
    """Arguments of ``KNetTrack.forward`` for clips with the given numbers of things per frame."""
    torch.manual_seed(0)
    frames = [[frame_gt(n, seed=f) for f, n in enumerate(clip)] for clip in things]

    def column(values: List[torch.Tensor]) -> torch.Tensor:
        return torch.cat([torch.stack([torch.full_like(v, f), v], dim=1) for f, v in enumerate(values)])

    return dict(
        img_metas=[meta() for _ in things],
        ref_img=torch.randn(len(things), len(things[0]), 3, *SIZE),
        ref_img_metas=[[meta() for _ in clip] for clip in things],
        ref_gt_masks=[[masks for _, masks, _ in clip] for clip in frames],
        ref_gt_labels=[column([labels for labels, _, _ in clip]) for clip in frames],
        ref_gt_instance_ids=[column([torch.arange(len(labels)) for labels, _, _ in clip]) for clip in frames],
    )


def total(losses: Dict[str, torch.Tensor]) -> torch.Tensor:
    return sum(value for name, value in losses.items() if 'loss' in name)
