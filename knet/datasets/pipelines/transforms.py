"""Geometry and photometry for a list of frames (key first).

Every transform is MMDetection's, applied frame by frame with one set of random parameters for all of them. The names
contain ``WithDepth`` because published configurations use them.
"""

from typing import Any, List, Optional, Tuple

import numpy as np
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import Normalize, Pad, RandomFlip, Resize

from .frame import Frame
from .instances import cut_instances


class _EveryFrame:
    """Base of transforms that mmdet has for one image: it is applied to every frame.

    Args:
        share_params: Whether all frames use the numbers that were drawn for the key frame.
        kwargs: Arguments of the transform.
    """

    #: Keys of a frame that hold the drawn numbers.
    drawn: Tuple[str, ...] = ()

    def __init__(self, share_params: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share_params = share_params

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Transform a list of frames in place."""
        for frame in results:
            if self.share_params and frame is not results[0]:
                frame.update({key: results[0][key] for key in self.drawn})
            super().__call__(frame)  # type: ignore[misc]  # of the transform
        return results


@PIPELINES.register_module()
class SeqResizeWithDepth(_EveryFrame, Resize):
    """Resize every frame: images bilinear, label maps nearest; sets ``scale_factor``, ``img_shape``, ``pad_shape``.

    Args:
        share_params: Use the scale drawn for the key frame for all frames.
        kwargs: Arguments of :class:`mmdet.datasets.pipelines.Resize`.
    """

    drawn = ('scale',)


@PIPELINES.register_module()
class SeqFlipWithDepth(_EveryFrame, RandomFlip):
    """Flip every frame or none; sets ``flip`` and ``flip_direction``.

    Args:
        share_params: Use the draw of the key frame for all frames.
        kwargs: Arguments of :class:`mmdet.datasets.pipelines.RandomFlip`.
    """

    drawn = ('flip', 'flip_direction')


def _draw_offset(shape: Tuple[int, ...], crop_size: Tuple[int, int]) -> Tuple[int, int]:
    """Draw the top and left edge of a crop of an (H, W, ...) array."""
    y, x = (np.random.randint(0, max(size - crop, 0) + 1) for size, crop in zip(shape, crop_size))
    return y, x


def _crop(frame: Frame, offset: Tuple[int, int], crop_size: Tuple[int, int]) -> None:
    """Cut the image and the maps of a frame."""
    (y, x), (height, width) = offset, crop_size
    for key in frame['img_fields'] + frame['seg_fields']:
        frame[key] = frame[key][y : y + height, x : x + width]
    frame['img_shape'] = frame['pad_shape'] = frame['img'].shape


@PIPELINES.register_module()
class SeqRandomCropWithDepth:
    """Crop every frame and cut its targets from the crop.

    Masks and boxes are made here, from what the crop has left of each object, see :func:`.instances.cut_instances`.
    Pipelines that need no crop use ``crop_size=None``. Images smaller than the crop stay as they are.

    Args:
        crop_size: Height and width of the crop; None keeps the frame.
        share_params: Crop all frames at the position drawn for the key frame, as all configs do. False, the default
            because it is that of the original, draws a position for every frame.
        allow_negative_crop: Keep samples with a frame without any thing; they train the semantic part. False rejects
            them.
        check_id_match: Reject samples whose key and reference both show things but none in common: there would be
            nothing to associate.
    """

    def __init__(
        self,
        crop_size: Optional[Tuple[int, int]],
        share_params: bool = False,
        allow_negative_crop: bool = True,
        check_id_match: bool = True,
    ) -> None:
        if crop_size is not None and (len(crop_size) != 2 or min(crop_size) <= 0):
            raise ValueError(f'crop_size must be (height, width) of positive numbers or None, got {crop_size}')
        self.crop_size = crop_size
        self.share_params = share_params
        self.allow_negative_crop = allow_negative_crop
        self.check_id_match = check_id_match

    def __call__(self, results: List[Frame]) -> Optional[List[Frame]]:
        """Crop a list of frames; None rejects the sample."""
        offset = None
        for frame in results:
            if self.crop_size is not None:
                if offset is None or not self.share_params:
                    offset = _draw_offset(frame['img'].shape, self.crop_size)
                _crop(frame, offset, self.crop_size)
            cut_instances(frame)
        return results if self._accepts(results) else None

    def _accepts(self, frames: List[Frame]) -> bool:
        ids = [set(frame['gt_instance_ids'].tolist()) for frame in frames]
        if not self.allow_negative_crop and not all(ids):
            return False
        if self.check_id_match and len(ids) == 2 and all(ids):
            return not ids[0].isdisjoint(ids[1])
        return True

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(crop_size={self.crop_size}, share_params={self.share_params}, '
            f'allow_negative_crop={self.allow_negative_crop}, check_id_match={self.check_id_match})'
        )


@PIPELINES.register_module()
class SeqNormalizeWithDepth(Normalize):
    """Normalise the image of every frame; sets ``img_norm_cfg``.

    Takes the arguments of :class:`mmdet.datasets.pipelines.Normalize`. Images of the ``Direct`` loaders are RGB
    already: ``to_rgb=False``.
    """

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Normalise a list of frames; images become float32."""
        return [super(SeqNormalizeWithDepth, self).__call__(frame) for frame in results]


@PIPELINES.register_module()
class PadFutureMMDet(Pad):
    """Pad one image to a multiple of ``size_divisor``: image and masks 0, semantic map 255.

    The semantic map leaves it as int64, the type of class targets.
    """

    def _pad_masks(self, results: Frame) -> None:
        # MMDetection copies every mask even where nothing is to be padded.
        if results['pad_shape'][:2] != results['img_shape'][:2]:
            super()._pad_masks(results)

    def _pad_seg(self, results: Frame) -> None:
        super()._pad_seg(results)
        for key in results.get('seg_fields', []):
            results[key] = results[key].astype(np.int64)


@PIPELINES.register_module()
class SeqPadWithDepth(PadFutureMMDet):
    """Pad every frame at the bottom and the right. Normalise before.

    Takes the arguments of :class:`mmdet.datasets.pipelines.Pad`.
    """

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Pad a list of frames; sets ``pad_shape``, keeps ``img_shape``."""
        return [super(SeqPadWithDepth, self).__call__(frame) for frame in results]
