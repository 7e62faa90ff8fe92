"""Models for use: from config and checkpoint to predictions on numpy frames."""

from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union, cast

import numpy as np
import torch
from mmcv import Config
from mmcv.parallel import collate
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import Compose
from pycocotools import mask as mask_api
from torch import nn

from knet.apis.checkpoint import PathLike, load_checkpoint
from knet.apis.class_filter import choose_classes, keep_classes
from knet.apis.clips import CHUNK, unpack_clip
from knet.apis.config import build_model, load_config
from knet.apis.distributed import current_device
from knet.apis.optimize import Way, fold_norms, optimize_model
from knet.apis.running import inference_context, unpack_sample
from knet.apis.sources import FrameSpool, check_frame
from knet.det.protocols import ClipModel, Prediction, StreamModel
from knet.labels import LabelSpace
from knet.structures import InstancePrediction
from knet.utils.cli import UsageError
from knet.utils.precision import Half, allow_tf32
from knet.visualization import enlarge, flat_maps, overlay
from knet.visualization.legend import with_legend


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
    optimize: Way = False,
) -> nn.Module:
    """Build a model for inference; batch norms are folded into convolutions.

    Args:
        cfg: Config; its pretrained weights are not loaded.
        checkpoint: File or work directory; None keeps random weights.
        device: Where it runs; default: GPU if there is one.
        trust: See :func:`knet.apis.checkpoint.read_checkpoint`.
        optimize: See :func:`knet.apis.optimize.optimize_model`; False changes nothing, True freezes.

    Returns:
        In eval mode.

    Raises:
        UsageError: If config and checkpoint do not fit.
    """
    allow_tf32(cfg.get('allow_tf32'))
    cfg = cfg.copy()
    if 'model' in cfg:
        cfg.model = without_pretrained(cfg.model)
    model = build_model(cfg)
    if checkpoint is not None:
        load_checkpoint(model, checkpoint, trust, complete=True)
    model = model.to(current_device() if device is None else torch.device(device)).eval()
    model = fold_norms(model)
    return optimize_model(model, optimize) if optimize else model


_KINDS = {'clip': ClipModel, 'stream': StreamModel, 'image': nn.Module}


@dataclass
class SegmenterState:
    """One video in progress.

    Attributes:
        memory: The model's stream memory; None for image models.
        frame_id: Number of the next frame.
        size: (H, W) of the frames before it; None at the start.
    """

    memory: Any
    frame_id: int = 0
    size: Optional[Tuple[int, int]] = None


class VideoSegmenter:
    """Segments and tracks the frames of a video, with a model of any kind.

    A stream model predicts one frame after the other, as they come. An image model does so as well; its instance ids
    have no meaning beyond their frame. A clip model needs all frames before it predicts the first one.

    Example::

        segmenter = VideoSegmenter('config.py', 'work_dir')
        for frame, prediction in segmenter.stream(frames):  # (H, W, 3) uint8 BGR, as OpenCV reads them
            picture = segmenter.draw(frame, prediction)

        state = segmenter.init_state()  # the same frame by frame, not for clip models
        prediction = segmenter.step(frame, state)

    Args:
        config: Config file, name of a shipped config, or a loaded config.
        checkpoint: File or work directory; None keeps random weights.
        device: Default: GPU if there is one.
        amp: Half precision, see :data:`knet.utils.precision.Half`.
        trust, optimize: See :func:`init_model`.
        classes: Names of the classes to keep; None keeps all.

    Attributes:
        kind: ``'stream'``, ``'image'`` or ``'clip'``.
        label_space: Classes of the predictions.
    """

    def __init__(
        self,
        config: Union[PathLike, Config],
        checkpoint: Optional[PathLike] = None,
        device: Union[str, torch.device, None] = None,
        amp: Half = False,
        trust: bool = False,
        optimize: Way = False,
        classes: Optional[Sequence[str]] = None,
    ) -> None:
        cfg = load_config(str(config)) if isinstance(config, (str, Path)) else config
        self.model = init_model(cfg, checkpoint, device, trust, optimize)
        self.device = next(self.model.parameters()).device
        self.amp = amp
        self.label_space = cast(LabelSpace, self.model.label_space)
        self.kind = next(kind for kind, base in _KINDS.items() if isinstance(self.model, base))
        self._kept = None if classes is None else choose_classes(classes, self.label_space)
        steps: List[Dict[str, Any]] = cfg.data.test.pipeline
        if not str(steps[0]['type']).startswith('Load'):
            raise UsageError(f'the test pipeline of {cfg.filename} does not begin with a loader: {steps[0]["type"]}')
        # MMDetection's loaders give BGR unless they are told otherwise; the plugin's own say that they give RGB.
        loader = PIPELINES.get(steps[0]['type'])
        self._feeds_rgb = getattr(loader, 'gives_rgb', steps[0].get('channel_order') == 'rgb')
        self._dtype = np.float32 if steps[0].get('to_float32') else np.uint8
        self._transforms = Compose(steps[1:])
        self._collate = partial(collate, samples_per_gpu=1)

    def __repr__(self) -> str:
        kept = '' if self._kept is None else f', classes={self.class_names}'
        return (
            f'{self.__class__.__name__}({type(self.model).__name__}, kind={self.kind!r}, '
            f'label_space={self.label_space.name!r}, device={str(self.device)!r}{kept})'
        )

    @property
    def class_names(self) -> Tuple[str, ...]:
        """Names of the classes of predictions, in ascending dataset id."""
        return tuple(
            info.name for info in self.label_space.classes if self._kept is None or self._kept[info.dataset_id]
        )

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
            ValueError: If the frame is no colour picture, or the frames before it had another size.
            UsageError: If the model is a clip model.
        """
        if self.kind == 'clip':
            raise UsageError(f'{type(self.model).__name__} needs the whole video; use VideoSegmenter.stream(frames)')
        sample = self._sample(frame, state.frame_id)
        size = (int(frame.shape[0]), int(frame.shape[1]))
        if self.kind == 'stream' and state.size is not None and state.size != size:
            raise ValueError(_other_size(state.frame_id, size, state.size))
        data = self._collate([self._transforms(sample)])
        with inference_context(self.device, self.amp):
            image, meta = unpack_sample(data, self.device)
            if isinstance(self.model, StreamModel):
                prediction = self.model.step(image, meta, state.memory)
            else:
                prediction = self.model(return_loss=False, rescale=True, img=[image], img_metas=[[meta]])[0]
        state.frame_id, state.size = state.frame_id + 1, size
        return self._filtered(prediction)

    def stream(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[np.ndarray, Prediction]]:
        """Segment the frames of a video.

        Args:
            frames: (H, W, 3) uint8 BGR frames. A clip model reads all of them first and keeps them in a temporary file.

        Yields:
            Every frame with its prediction, see :meth:`step`. The instances of a clip model are its tracks: they have
            the same order in every frame.
        """
        if self.kind == 'clip':
            with FrameSpool() as spool:
                tracks = self.segment_clip(spool.record(frames))
                yield from zip(spool, self.instances(tracks, spool))
        else:
            state = self.init_state()
            for frame in frames:
                yield frame, self.step(frame, state)

    def segment_clip(self, frames: Iterable[np.ndarray]) -> Any:
        """Segment and track a whole video with a clip model.

        Args:
            frames: (H, W, 3) uint8 BGR frames of one size; they are read once.

        Returns:
            The tracks, see :class:`knet_vis.structures.VideoInstances`.

        Raises:
            ValueError: If there are no frames, or they are no colour pictures of one size.
            UsageError: If the model is no clip model.
        """
        if not isinstance(self.model, ClipModel):
            raise UsageError(f'{type(self.model).__name__} is no clip model; use VideoSegmenter.stream(frames)')
        chunks = self._chunks(frames)
        first, meta = next(chunks, (None, {}))
        if first is None:
            raise ValueError('a video without frames cannot be segmented')
        images = chain([first], (image for image, _ in chunks))
        with inference_context(self.device, self.amp):
            prediction = self.model.predict_video((image.to(self.device) for image in images), meta)
        return self._filtered(prediction)

    def instances(self, tracks: Any, frames: Optional[Iterable[np.ndarray]] = None) -> Iterator[InstancePrediction]:
        """Yield the instances of every frame of what :meth:`segment_clip` returns.

        Args:
            tracks: The tracks.
            frames: The frames, (H, W, 3), which are read if there is no track to tell their number and size.

        Raises:
            ValueError: If there are neither tracks nor frames.
        """
        if not tracks.segmentations:
            if frames is None:
                raise ValueError('without tracks the frames are needed; use VideoSegmenter.instances(tracks, frames)')
            for frame in frames:
                yield InstancePrediction(tracks.scores, tracks.labels, np.zeros((0, *frame.shape[:2]), dtype=bool))
        for codes in zip(*tracks.segmentations):
            masks = np.ascontiguousarray(mask_api.decode(list(codes)).transpose(2, 0, 1)).astype(bool)
            yield InstancePrediction(tracks.scores, tracks.labels, masks)

    def _chunks(self, frames: Iterable[np.ndarray]) -> Iterator[Tuple[torch.Tensor, Dict[str, Any]]]:
        """Yield the (f, 3, H, W) tensors of consecutive frames, with the meta of the first of them."""
        samples: List[Dict[str, Any]] = []
        size: Optional[Tuple[int, int]] = None
        for number, frame in enumerate(frames):
            sample = self._sample(frame, number)
            size = size or sample['img_shape'][:2]
            if sample['img_shape'][:2] != size:
                raise ValueError(_other_size(number, sample['img_shape'], size))
            samples.append(sample)
            if len(samples) == CHUNK:
                yield unpack_clip(self._transforms(samples))
                samples = []
        if samples:
            yield unpack_clip(self._transforms(samples))

    def _sample(self, frame: np.ndarray, number: int) -> Dict[str, Any]:
        """Return what the loader of the pipeline makes of a frame."""
        check_frame(frame)
        # A copy: callers may read the next frame into the same array before a chunk is complete.
        picture = np.array(frame[..., ::-1] if self._feeds_rgb else frame, dtype=self._dtype, order='C')
        name = f'frame {number}'
        return dict(
            img=picture,
            img_fields=['img'],
            filename=name,
            ori_filename=name,
            img_shape=picture.shape,
            ori_shape=picture.shape,
            video_id=0,
            frame_id=number,
            is_first_frame=number == 0,
        )

    def _filtered(self, prediction: Any) -> Any:
        return prediction if self._kept is None else keep_classes(prediction, self._kept, self.label_space)

    def draw(
        self,
        frame: np.ndarray,
        prediction: Prediction,
        alpha: float = 0.5,
        legend: bool = False,
        score_thr: float = 0.3,
    ) -> np.ndarray:
        """Lay a prediction over its frame.

        Args:
            frame: (H, W, 3) uint8, BGR.
            prediction: From :meth:`step` or :meth:`stream`.
            alpha: Opacity, 0..1.
            legend: Enlarge small frames and put a legend beside them.
            score_thr: Score in 0..1 below which instances are left out; panoptic maps are drawn as they are.

        Returns:
            (H', W', 3) uint8, **RGB** (what writers of videos take); of the frame's size without legend.
        """
        semantic, instance = flat_maps(prediction, self.label_space, score_thr)
        picture = np.ascontiguousarray(frame[..., ::-1])
        if not legend:
            return overlay(picture, semantic, instance, self.label_space, alpha)
        picture, semantic, instance = enlarge(picture, semantic, instance)
        drawn = overlay(picture, semantic, instance, self.label_space, alpha)
        return with_legend(drawn, semantic, instance, self.label_space)


def _other_size(number: int, size: Sequence[int], before: Tuple[int, int]) -> str:
    return (
        f'frame {number} is {size[1]}x{size[0]}, those before are {before[1]}x{before[0]}; bring all frames of a video '
        'to one size, or begin another video with them'
    )
