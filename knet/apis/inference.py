"""Models for use: from config and checkpoint to predictions on numpy frames."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Dict, List, Optional, Union, cast

import numpy as np
import torch
from mmcv import Config
from mmcv.parallel import collate
from mmdet.datasets.pipelines import Compose
from torch import nn

from knet.apis.checkpoint import PathLike, load_checkpoint
from knet.apis.config import build_model, load_config
from knet.apis.distributed import current_device
from knet.apis.optimize import fold_norms, optimize_model
from knet.apis.running import inference_context, unpack_sample
from knet.det.protocols import Prediction, StreamModel
from knet.labels import LabelSpace
from knet.utils.cli import UsageError
from knet.visualization import flat_maps, overlay


def without_pretrained(settings: Any) -> Any:
    """Return a model config whose parts load no pretrained weights, because a checkpoint fills them."""
    if isinstance(settings, dict):
        kept = {key: without_pretrained(value) for key, value in settings.items() if key != 'pretrained'}
        if (kept.get('init_cfg') or {}).get('type') == 'Pretrained':
            kept['init_cfg'] = None
        return type(settings)(kept)
    if isinstance(settings, (list, tuple)):
        return type(settings)(without_pretrained(item) for item in settings)
    return settings


def init_model(
    cfg: Config,
    checkpoint: Optional[PathLike] = None,
    device: Union[str, torch.device, None] = None,
    trust: bool = False,
    optimize: bool = False,
) -> nn.Module:
    """Build a model for inference; batch norms are folded into convolutions.

    Args:
        cfg: Config; its pretrained weights are not loaded.
        checkpoint: File or work directory; None keeps random weights.
        device: Where it runs; default: GPU if there is one.
        trust: See :func:`knet.apis.checkpoint.read_checkpoint`.
        optimize: See :func:`knet.apis.optimize.optimize_model`.

    Returns:
        In eval mode.

    Raises:
        UsageError: If config and checkpoint do not fit.
    """
    cfg = cfg.copy()
    if 'model' in cfg:
        cfg.model = without_pretrained(cfg.model)
    model = build_model(cfg)
    if checkpoint is not None:
        load_checkpoint(model, checkpoint, trust, complete=True)
    model = model.to(current_device() if device is None else torch.device(device)).eval()
    model = fold_norms(model)
    return optimize_model(model) if optimize else model


@dataclass
class SegmenterState:
    """One video in progress.

    Attributes:
        memory: The model's stream memory; None for image models.
        frame_id: Number of the next frame.
    """

    memory: Any
    frame_id: int = 0


class VideoSegmenter:
    """Segments and tracks the frames of a video, one call per frame.

    Example::

        segmenter = VideoSegmenter('config.py', 'work_dir')
        state = segmenter.init_state()
        for frame in frames:  # (H, W, 3) uint8 BGR, as OpenCV reads them
            prediction = segmenter.step(frame, state)

    An image model works as well: its instance ids then have no meaning beyond
    their frame.

    Args:
        config: Config file, or a loaded config.
        checkpoint: File or work directory; None keeps random weights.
        device: Default: GPU if there is one.
        amp: Half precision.
        trust, optimize: See :func:`init_model`.
    """

    def __init__(
        self,
        config: Union[str, Config],
        checkpoint: Optional[PathLike] = None,
        device: Union[str, torch.device, None] = None,
        amp: bool = False,
        trust: bool = False,
        optimize: bool = False,
    ) -> None:
        cfg = load_config(config) if isinstance(config, str) else config
        self.model = init_model(cfg, checkpoint, device, trust, optimize)
        self.device = next(self.model.parameters()).device
        self.amp = amp
        self.label_space = cast(LabelSpace, self.model.label_space)
        steps: List[Dict[str, Any]] = cfg.data.test.pipeline
        if not str(steps[0]['type']).startswith('Load'):
            raise UsageError(f'the test pipeline of {cfg.filename} does not begin with a loader: {steps[0]["type"]}')
        # The plugin's loaders give RGB, mmdet's give BGR.
        self._reverse = steps[0]['type'] != 'LoadImageFromFile'
        self._transforms = Compose(steps[1:])
        self._collate = partial(collate, samples_per_gpu=1)

    def init_state(self) -> SegmenterState:
        """Begin a video."""
        return SegmenterState(self.model.new_stream() if isinstance(self.model, StreamModel) else None)

    def step(self, frame: np.ndarray, state: SegmenterState) -> Prediction:
        """Segment the next frame of a video.

        Args:
            frame: (H, W, 3) uint8, BGR.
            state: From :meth:`init_state`; updated in place.

        Returns:
            At the frame's size; instances if the label space has no stuff.

        Raises:
            ValueError: If the frame is no colour picture.
        """
        if not isinstance(frame, np.ndarray) or frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(
                f'a frame is a uint8 array (H, W, 3), got {getattr(frame, "dtype", type(frame))} '
                f'{getattr(frame, "shape", "")}'
            )
        picture = np.ascontiguousarray(frame[..., ::-1] if self._reverse else frame)
        name = f'frame {state.frame_id}'
        sample = dict(
            img=picture,
            img_fields=['img'],
            filename=name,
            ori_filename=name,
            img_shape=picture.shape,
            ori_shape=picture.shape,
            video_id=0,
            frame_id=state.frame_id,
            is_first_frame=state.frame_id == 0,
        )
        data = self._collate([self._transforms(sample)])
        with inference_context(self.device, self.amp):
            image, meta = unpack_sample(data, self.device)
            if isinstance(self.model, StreamModel):
                prediction = self.model.step(image, meta, state.memory)
            else:
                prediction = self.model(return_loss=False, rescale=True, img=[image], img_metas=[[meta]])[0]
        state.frame_id += 1
        return prediction

    def draw(self, frame: np.ndarray, prediction: Prediction, alpha: float = 0.5) -> np.ndarray:
        """Lay a prediction over its frame.

        Args:
            frame: (H, W, 3) uint8, BGR.
            prediction: From :meth:`step`.
            alpha: Opacity, 0..1.

        Returns:
            (H, W, 3) uint8, **RGB** (what writers of videos take).
        """
        return overlay(
            np.ascontiguousarray(frame[..., ::-1]), *flat_maps(prediction, self.label_space), self.label_space, alpha
        )
