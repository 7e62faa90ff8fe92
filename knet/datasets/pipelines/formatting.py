"""From frames to what the model receives: keys, metas, tensors, containers."""

from typing import Any, List, Sequence, Tuple

import numpy as np
from mmcv.parallel import DataContainer
from mmdet.datasets.builder import PIPELINES
from mmdet.datasets.pipelines import Collect, to_tensor

from .frame import Frame

#: What ``img_metas`` of a frame tells the model and the tools.
META_KEYS = (
    'filename',
    'ori_filename',
    'ori_shape',
    'img_shape',
    'pad_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'img_norm_cfg',
    'video_id',
    'frame_id',
    'is_first_frame',
)


@PIPELINES.register_module()
class FrameCollect(Collect):
    """:class:`mmdet.datasets.pipelines.Collect` whose metas say which frame it is.

    Args:
        keys: Keys to keep.
        meta_keys: Keys of ``img_metas``.
    """

    def __init__(self, keys: Sequence[str], meta_keys: Sequence[str] = META_KEYS) -> None:
        super().__init__(keys, meta_keys)


@PIPELINES.register_module()
class VideoCollect:
    """Keep ``keys`` of every frame of a list and gather its ``img_metas``.

    Args:
        keys: Keys to keep.
        meta_keys: Keys of ``img_metas``; those a frame lacks are left out.
    """

    def __init__(self, keys: Sequence[str], meta_keys: Sequence[str] = META_KEYS) -> None:
        self.keys = tuple(keys)
        self.meta_keys = tuple(meta_keys)

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Collect a list of frames.

        Raises:
            KeyError: If a frame lacks one of the keys.
        """
        return [self._collect(frame) for frame in results]

    def _collect(self, frame: Frame) -> Frame:
        missing = [key for key in self.keys if key not in frame]
        if missing:
            raise KeyError(
                f'VideoCollect: {missing} not among {sorted(frame)}. SeqRandomCropWithDepth makes masks, '
                'boxes, labels and ids; without a crop use it with crop_size=None.'
            )
        frame.setdefault('pad_shape', frame['img'].shape)
        frame.setdefault('scale_factor', 1.0)
        collected = {key: frame[key] for key in self.keys}
        collected['img_metas'] = {key: frame[key] for key in self.meta_keys if key in frame}
        return collected

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(keys={self.keys}, meta_keys={self.meta_keys})'


@PIPELINES.register_module()
class ConcatVideoReferences:
    """Merge the R reference frames of a sample into one dict.

    Afterwards the list is ``[key, references]`` with, in the second,

    - ``img``: (H, W, 3, R), ``gt_semantic_seg``: (H, W, 1, R),
    - ``img_metas``, ``gt_masks``: lists of R,
    - ``gt_bboxes`` (M, 5) and ``gt_labels``, ``gt_instance_ids`` (M, 2) with the reference index 0..R-1 in the first
      column, in their own type.

    Args:
        with_key: Whether the first frame is a key. In a clip all frames are equal: they become the references, and of
            the key there are only the ``img_metas`` of the first one.
    """

    def __init__(self, with_key: bool = True) -> None:
        self.with_key = with_key

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Merge frames 1.. of the list (0.. of a clip); a list of only a key stays as it is."""
        if not self.with_key:
            results = [dict(img_metas=results[0]['img_metas']), *results]
        if len(results) == 1:
            return results
        merged = {key: self._merge(key, [frame[key] for frame in results[1:]]) for key in results[1]}
        return [results[0], merged]

    @staticmethod
    def _merge(key: str, values: List[Any]) -> Any:
        if key == 'img':
            return np.stack(values, axis=-1)
        if key == 'gt_semantic_seg':
            return np.stack([value[..., None] for value in values], axis=-1)
        if key in ('gt_bboxes', 'gt_labels', 'gt_instance_ids'):
            columns = [value[:, None] if value.ndim == 1 else value for value in values]
            return np.concatenate([np.insert(value, 0, i, axis=1) for i, value in enumerate(columns)])
        return values

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(with_key={self.with_key})'


@PIPELINES.register_module()
class SeqDefaultFormatBundle:
    """Tensors in data containers; the merged references get the prefix ``ref_``.

    Shapes of one sample: ``img`` (3, H, W) and ``ref_img`` (R, 3, H, W) float32; ``gt_semantic_seg`` (1, H, W) and
    ``ref_gt_semantic_seg`` (R, 1, H, W) int64. A batch is padded at the bottom and the right with 0, semantic maps with
    255.

    Args:
        ref_prefix: Prefix of the keys of the references.
    """

    def __init__(self, ref_prefix: str = 'ref') -> None:
        self.ref_prefix = ref_prefix

    def __call__(self, results: List[Frame]) -> Frame:
        """Format ``[key]`` or ``[key, references]`` into one dict."""
        sample = self._format(results[0])
        for frame in results[1:]:
            sample.update({f'{self.ref_prefix}_{key}': value for key, value in self._format(frame).items()})
        return sample

    def _format(self, frame: Frame) -> Frame:
        formatted = {}
        for key, value in frame.items():
            if key == 'img':
                formatted[key] = DataContainer(_channels_first(value), stack=True)
            elif key == 'gt_semantic_seg':
                value = value[..., None] if value.ndim == 2 else value
                formatted[key] = DataContainer(_channels_first(value.astype(np.int64)), stack=True, padding_value=255)
            elif key in ('img_metas', 'gt_masks'):
                formatted[key] = DataContainer(value, cpu_only=True)
            else:
                formatted[key] = DataContainer(to_tensor(value))
        return formatted

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(ref_prefix={self.ref_prefix!r})'


def _channels_first(array: np.ndarray) -> Any:
    """Convert an (H, W, C[, R]) array to a contiguous ([R, ]C, H, W) tensor."""
    axes: Tuple[int, ...] = (2, 0, 1) if array.ndim == 3 else (3, 2, 0, 1)
    return to_tensor(np.ascontiguousarray(array.transpose(axes)))
