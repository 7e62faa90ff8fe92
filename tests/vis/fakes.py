"""A clip model that needs no network: it finds what is bright. Config files import this module."""

import os
import time
from typing import Any, Dict, Iterable, List

import numpy as np
import torch
from mmdet.models import DETECTORS, BaseDetector
from torch import Tensor, nn

from knet.det.protocols import ClipModel
from knet.labels import get_label_space
from knet.layouts.coco import encode_mask
from knet_vis.structures import VideoInstances


@DETECTORS.register_module()
class FakeClipModel(BaseDetector, ClipModel):
    """Two tracks per video: all pixels above the mean of their frame, and all below.

    Every video takes ``FAKE_SECONDS`` of the environment longer, so that a test can end it in the middle.
    """

    def __init__(self, train_cfg: Any = None, test_cfg: Any = None, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.label_space = get_label_space('youtube_vis_2019')
        self.scale = nn.Parameter(torch.ones(1))
        self.chunks: List[List[int]] = []

    def extract_feat(self, img: Tensor) -> Tensor:
        return img * self.scale

    def forward(self, img_metas: Any, ref_img: Tensor, return_loss: bool = True, **kwargs: Any) -> Dict[str, Tensor]:
        return dict(loss=self.extract_feat(ref_img).pow(2).mean())

    def simple_test(self, img: Tensor, img_metas: Any, **kwargs: Any) -> None:
        raise NotImplementedError

    aug_test = simple_test

    def predict_video(self, chunks: Iterable[Tensor], img_meta: Dict[str, Any]) -> VideoInstances:
        assert not torch.is_grad_enabled()
        time.sleep(float(os.environ.get('FAKE_SECONDS', 0)))
        (height, width), inside = img_meta['ori_shape'][:2], img_meta['img_shape']
        tracks: List[List[Dict[str, Any]]] = [[], []]
        self.chunks.append([])
        for frames in chunks:
            self.chunks[-1].append(len(frames))
            for frame in frames.mean(1):
                frame = frame[: inside[0], : inside[1]].numpy()
                mask = np.resize(frame > frame.mean(), (height, width))
                tracks[0].append(encode_mask(mask))
                tracks[1].append(encode_mask(~mask))
        return VideoInstances(np.array([0.75, 0.5], dtype=np.float32), np.array([5, 0]), tracks)
