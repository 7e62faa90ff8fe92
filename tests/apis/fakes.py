"""A world in miniature for tests of training and testing: seconds instead of minutes.

Config files import this module through ``custom_imports``.
"""

import random
from collections import OrderedDict
from typing import Any, Dict, List

import numpy as np
import torch
from mmcv.parallel import DataContainer
from mmdet.datasets import DATASETS
from mmdet.models import DETECTORS, BaseDetector
from torch import nn
from torch.utils.data import Dataset

from knet.det.protocols import StreamModel
from knet.labels import get_label_space
from knet.structures import PanopticPrediction, Segment

HEIGHT, WIDTH = 16, 24


class FakeGroundTruth:
    """Three videos with a car (13) that moves over a road (0)."""

    vpq_windows = (1, 2, 3, 4)
    labels_every_frame = True

    def __init__(self, frames: Dict[int, List[int]]) -> None:
        self._frames = frames

    def videos(self) -> List[int]:
        return list(self._frames)

    def only(self, video: int) -> 'FakeGroundTruth':
        return self

    def frames(self, video: int) -> List[int]:
        return self._frames[video]

    def path(self, video: int, frame: int) -> str:
        return f'{video}_{frame}'

    def read(self, video: int, frame: int) -> Any:
        semantic = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        instance = np.zeros((HEIGHT, WIDTH), dtype=np.int32)
        left = 2 + frame + video
        semantic[4:10, left : left + 6] = 13
        instance[4:10, left : left + 6] = 1
        return semantic, instance


@DATASETS.register_module()
class FakeVideos(Dataset):
    """Noise pictures whose content depends on the random generators."""

    CLASSES = get_label_space('kitti_step').names

    def __init__(self, lengths: List[int], test_mode: bool = False) -> None:
        self.label_space = get_label_space('kitti_step')
        self.test_mode = test_mode
        self._frames = {video: list(range(7, 7 + length)) for video, length in enumerate(lengths)}
        self._items = [(video, frame) for video, frames in self._frames.items() for frame in frames]
        self.flag = np.zeros(len(self._items), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self._items)

    def video_indices(self) -> 'OrderedDict[int, List[int]]':
        return OrderedDict((video, [i for i, (v, _) in enumerate(self._items) if v == video]) for video in self._frames)

    def ground_truth(self) -> FakeGroundTruth:
        return FakeGroundTruth(self._frames)

    def pre_eval(self, prediction: PanopticPrediction, index: int) -> int:
        semantic, _ = self.ground_truth().read(*self._items[index])
        return int((semantic == prediction.semantic).sum())

    def evaluate(self, counts: List[int], metric: Any = None, logger: Any = None) -> Dict[str, float]:
        assert len(counts) == len(self)
        return dict(mIoU=sum(counts) / (len(self) * HEIGHT * WIDTH))

    def __getitem__(self, index: int) -> Dict[str, Any]:
        video, frame = self._items[index]
        meta = dict(
            video_id=video,
            frame_id=frame,
            is_first_frame=frame == 7,
            filename=f'{video}_{frame}.png',
            ori_filename=f'{video}_{frame}.png',
            img_shape=(HEIGHT, WIDTH, 3),
            ori_shape=(HEIGHT, WIDTH, 3),
        )
        if self.test_mode:
            image = torch.full((3, HEIGHT, WIDTH), float(index))
            return dict(img=[image], img_metas=[DataContainer(meta, cpu_only=True)])
        noise = np.random.rand(3, HEIGHT, WIDTH) + random.random() + torch.rand(1).item() + index
        return dict(
            img=DataContainer(torch.from_numpy(noise).float(), stack=True), img_metas=DataContainer(meta, cpu_only=True)
        )


class FakeBase(BaseDetector):
    """One convolution, batch norm and dropout."""

    def __init__(self, dropout: float = 0.5, train_cfg: Any = None, test_cfg: Any = None, init_cfg: Any = None) -> None:
        super().__init__(init_cfg)
        self.label_space = get_label_space('kitti_step')
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Dropout(dropout))

    def extract_feat(self, img: torch.Tensor) -> torch.Tensor:
        return self.backbone(img)

    def forward_train(self, img: torch.Tensor, img_metas: List[dict], **_: Any) -> Dict[str, torch.Tensor]:
        return dict(loss_fake=self.extract_feat(img).pow(2).mean() + 0 * len(img_metas))

    def predict(self, meta: Dict[str, Any]) -> PanopticPrediction:
        semantic, instance = FakeGroundTruth({}).read(meta['video_id'], meta['frame_id'])
        segments = [Segment(1, 13, True, 0.9, 36, 0, 1)]
        return PanopticPrediction(semantic, instance, instance.copy(), segments)

    def simple_test(self, img: torch.Tensor, img_metas: List[dict], **_: Any) -> List[PanopticPrediction]:
        return [self.predict(meta) for meta in img_metas]

    def aug_test(self, imgs: Any, img_metas: Any, **_: Any) -> None:
        raise NotImplementedError


@DETECTORS.register_module()
class FakeImageModel(FakeBase):
    """Knows the ground truth."""


@DETECTORS.register_module()
class FakeVideoModel(StreamModel, FakeBase):
    """Knows the ground truth; its ids count the frames if the stream was broken."""

    def new_stream(self) -> Dict[str, int]:
        return dict(video=-1, last=-1)

    def step(self, img: torch.Tensor, img_meta: Dict[str, Any], memory: Dict[str, int]) -> PanopticPrediction:
        assert img.shape == (1, 3, HEIGHT, WIDTH) and not torch.is_grad_enabled()
        if img_meta['is_first_frame']:
            memory.update(video=img_meta['video_id'])
        else:
            assert memory == dict(video=img_meta['video_id'], last=img_meta['frame_id'] - 1), 'frames out of order'
        memory['last'] = img_meta['frame_id']
        return self.predict(img_meta)
