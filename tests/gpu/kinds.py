"""One toy model of each kind, with a batch to train on, the network alone, and predictions."""

from typing import Any, Callable, Dict, List, NamedTuple

import numpy as np
import pycocotools.mask as coco_mask
import torch
from torch import Tensor, nn

from tests.models import SIZE, build_toy_model, clip_batch, image_batch, meta, pair_batch
from tests.vss.test_video_knet_vss import pair_batch as semantic_pair_batch

Batch = Dict[str, Any]


class Kind(NamedTuple):
    """A kind of model.

    Attributes:
        config: Its toy config.
        batch: Makes the arguments of a training step.
        network: The network on the frames (F, 3, H, W) of a video, without what makes predictions of its output.
        predict: Predictions for such frames: integer maps (H, W) of one frame after another.
    """

    config: str
    batch: Callable[[], Batch]
    network: Callable[[nn.Module, Tensor], Any]
    predict: Callable[[nn.Module, Tensor], List[np.ndarray]]

    def model(self, device: torch.device) -> nn.Module:
        """Build the model with seeded weights on a device."""
        return build_toy_model(self.config).to(device)


def to_device(value: Any, device: torch.device) -> Any:
    """Copy the tensors in nested lists and dicts to a device."""
    if torch.is_tensor(value):
        return value.to(device)
    if isinstance(value, dict):
        return {key: to_device(item, device) for key, item in value.items()}
    return [to_device(item, device) for item in value] if isinstance(value, list) else value


def frames(count: int, device: torch.device) -> Tensor:
    """Return a video (count, 3, H, W) float: a picture that moves."""
    picture = torch.randn(3, *SIZE, generator=torch.Generator().manual_seed(0))
    return torch.stack([picture.roll(2 * frame, dims=2) for frame in range(count)]).to(device)


def frame_meta(frame: int) -> Dict[str, Any]:
    """Return the meta of a frame of :func:`frames`."""
    return dict(meta(frame_id=frame), is_first_frame=frame == 0, flip=False)


def _image_network(model: nn.Module, video: Tensor) -> Any:
    return model.roi_head(model.rpn_head(model.extract_feat(video)))


def _image_predict(model: nn.Module, video: Tensor) -> List[np.ndarray]:
    predictions = model.simple_test(video, [frame_meta(i) for i in range(len(video))])
    return [part for p in predictions for part in (p.semantic, p.panoptic)]


def _stream_network(model: nn.Module, video: Tensor) -> Any:
    memory = model.new_stream()
    return [model.forward_network(video[i : i + 1], frame_meta(i), memory) for i in range(len(video))][-1]


def _stream_predict(model: nn.Module, video: Tensor) -> List[np.ndarray]:
    memory = model.new_stream()
    predictions = [model.step(video[i : i + 1], frame_meta(i), memory) for i in range(len(video))]
    return [part for p in predictions for part in (p.semantic, p.instance, p.panoptic)]


def _semantic_network(model: nn.Module, video: Tensor) -> Any:
    return [model.encode_decode(video[i : i + 1], [frame_meta(i)]) for i in range(len(video))][-1]


def _clip_network(model: nn.Module, video: Tensor) -> Any:
    return model.tracker(model.forward_frames(video))


def _clip_predict(model: nn.Module, video: Tensor) -> List[np.ndarray]:
    tracks = model.predict_video([video], frame_meta(0))
    # Tracks with about the same score may come in any order.
    return [sum(coco_mask.decode(mask).astype(int) for mask in frame) for frame in zip(*tracks.segmentations)]


KINDS = dict(
    image=Kind('configs/toy/knet_toy_cityscapes_step.py', lambda: image_batch([2, 1]), _image_network, _image_predict),
    stream=Kind(
        'configs/toy/video_knet_toy_kitti_step.py', lambda: pair_batch([2, 1], [1, 2]), _stream_network, _stream_predict
    ),
    semantic=Kind(
        'configs/toy/video_knet_toy_vspw.py', lambda: semantic_pair_batch(2), _semantic_network, _stream_predict
    ),
    clip=Kind(
        'configs/toy/knet_track_toy_youtubevis.py', lambda: clip_batch([[2, 1, 3]]), _clip_network, _clip_predict
    ),
)
