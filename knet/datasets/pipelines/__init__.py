"""Pipelines: loading, geometry, targets, formatting."""

from .formatting import META_KEYS, ConcatVideoReferences, FrameCollect, SeqDefaultFormatBundle, VideoCollect
from .instances import KNetInsAdapterCherryPick, cut_instances
from .loading import (
    LoadAnnotationsDirect,
    LoadAnnotationsInstanceMasks,
    LoadImgDirect,
    LoadMultiAnnotationsDirect,
    LoadMultiImagesDirect,
    LoadThingStuffAnnotations,
)
from .semantic import SeqPhotoMetricDistortion
from .transforms import (
    PadFutureMMDet,
    SeqFlipWithDepth,
    SeqNormalizeWithDepth,
    SeqPadWithDepth,
    SeqRandomCropWithDepth,
    SeqResizeWithDepth,
)

__all__ = [
    'META_KEYS',
    'ConcatVideoReferences',
    'FrameCollect',
    'KNetInsAdapterCherryPick',
    'LoadAnnotationsDirect',
    'LoadAnnotationsInstanceMasks',
    'LoadImgDirect',
    'LoadMultiAnnotationsDirect',
    'LoadMultiImagesDirect',
    'LoadThingStuffAnnotations',
    'PadFutureMMDet',
    'SeqDefaultFormatBundle',
    'SeqFlipWithDepth',
    'SeqNormalizeWithDepth',
    'SeqPadWithDepth',
    'SeqPhotoMetricDistortion',
    'SeqRandomCropWithDepth',
    'SeqResizeWithDepth',
    'VideoCollect',
    'cut_instances',
]
