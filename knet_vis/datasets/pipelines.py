"""Transforms of clips (lists of frames) under the names that VIS configurations use.

The transforms of :mod:`knet.datasets.pipelines` and MMDetection are applied frame by frame, with one set of random
parameters for all frames of a clip.
"""

from typing import Any, Dict, List

import cv2
from mmdet.core import BitmapMasks
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import LoadAnnotations, LoadImageFromFile, MultiScaleFlipAug
from pycocotools import mask as mask_api

from knet.datasets.pipelines import SeqFlipWithDepth, SeqNormalizeWithDepth, SeqPadWithDepth, SeqResizeWithDepth
from knet.datasets.pipelines.frame import Frame


@PIPELINES.register_module()
class LoadMultiImagesFromFile(LoadImageFromFile):
    """:class:`mmdet.datasets.pipelines.LoadImageFromFile` for every frame, which becomes BGR (H, W, 3) uint8.

    Orientation tags are ignored, see :func:`knet.utils.io.read_picture`.

    Args:
        color_type: Flag of :func:`mmcv.imread`.
        **kwargs: Other arguments of :class:`mmdet.datasets.pipelines.LoadImageFromFile`.
    """

    def __init__(self, color_type: str = 'color_ignore_orientation', **kwargs: Any) -> None:
        super().__init__(color_type=color_type, **kwargs)

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Read all frames.

        Raises:
            ValueError: If a file is no picture, or its size is not that of the annotations.
        """
        return [self._load(frame) for frame in results]

    def _load(self, frame: Frame) -> Frame:
        try:
            frame = super().__call__(frame)
        except (AttributeError, TypeError, cv2.error) as error:  # the decoder gave nothing
            raise ValueError(f'{frame["filename"]}: truncated or damaged picture; unpack it again') from error
        info = frame['img_info']
        if frame['img_shape'][:2] != (info['height'], info['width']):
            raise ValueError(
                f'{frame["filename"]}: size {frame["img_shape"][:2]} differs from '
                f'{(info["height"], info["width"])} (height, width) in the annotations. Images and '
                'annotations must come from one release.'
            )
        return frame


@PIPELINES.register_module()
class SeqLoadAnnotations(LoadAnnotations):
    """Load the labels, masks and, if configured, boxes of every frame.

    Args:
        with_track: Whether to set ``gt_instance_ids`` (n,) int64, too.
        **kwargs: Arguments of :class:`mmdet.datasets.pipelines.LoadAnnotations`.
    """

    def __init__(self, with_track: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.with_track = with_track

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Fill in the annotations of all frames."""
        return [self._load(frame) for frame in results]

    def _load(self, frame: Frame) -> Frame:
        frame = super().__call__(frame)
        if self.with_track:
            frame['gt_instance_ids'] = frame['ann_info']['instance_ids'].copy()
        return frame

    def _load_masks(self, results: Frame) -> Frame:
        # All masks of a frame are decoded at once.
        height, width = (results['img_info'][side] for side in ('height', 'width'))
        codes = results['ann_info']['masks']
        masks = mask_api.decode(codes).transpose(2, 0, 1) if codes else []
        results['gt_masks'] = BitmapMasks(masks, height, width)
        results['mask_fields'].append('gt_masks')
        return results


@PIPELINES.register_module()
class SeqResize(SeqResizeWithDepth):
    """:class:`knet.datasets.pipelines.SeqResizeWithDepth`, which resizes all frames to one scale."""


@PIPELINES.register_module()
class SeqRandomFlip(SeqFlipWithDepth):
    """:class:`knet.datasets.pipelines.SeqFlipWithDepth`, which flips all frames or none."""


@PIPELINES.register_module()
class SeqNormalize(SeqNormalizeWithDepth):
    """:class:`knet.datasets.pipelines.SeqNormalizeWithDepth`."""


@PIPELINES.register_module()
class SeqPad(SeqPadWithDepth):
    """:class:`knet.datasets.pipelines.SeqPadWithDepth`, which pads with zeros at the bottom and the right."""


@PIPELINES.register_module()
class MultiScaleFlipAugVideo(MultiScaleFlipAug):
    """Apply the transforms of a test at one scale; every value becomes a list of one element.

    Args:
        transforms: Configs of transforms of lists of frames.
        img_scale: (longest, shortest) side in pixels that frames are fitted into.
        **kwargs: Arguments of :class:`mmdet.datasets.pipelines.MultiScaleFlipAug`.

    Raises:
        ValueError: If the config sets flipping or several scales.
    """

    def __init__(self, transforms: List[Dict[str, Any]], img_scale: Any, **kwargs: Any) -> None:
        super().__init__(transforms, img_scale=img_scale, **kwargs)
        if self.flip or len(self.img_scale) != 1:
            raise ValueError('MultiScaleFlipAugVideo: videos are tested at one scale and not flipped')

    def __call__(self, results: List[Frame]) -> Dict[str, List[Any]]:
        """Transform the frames of a video, or a part of them."""
        for frame in results:
            frame.update(scale=self.img_scale[0], flip=False, flip_direction=None)
        return {key: [value] for key, value in self.transforms(results).items()}
