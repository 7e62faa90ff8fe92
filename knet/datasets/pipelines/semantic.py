"""Photometry and targets of semantic segmentation, for one frame or for a key and its references."""

from typing import List

import numpy as np
from mmdet.datasets.builder import PIPELINES
from mmseg.datasets.pipelines import PhotoMetricDistortion

from .frame import Frame


@PIPELINES.register_module()
class SeqPhotoMetricDistortion(PhotoMetricDistortion):
    """mmseg's distortion of brightness, contrast, saturation and hue, the same for every frame of a list.

    Takes RGB images of the ``Direct`` loaders. Put it before the normalisation. See
    :class:`mmseg.datasets.pipelines.PhotoMetricDistortion` for the arguments.
    """

    def __call__(self, results: List[Frame]) -> List[Frame]:
        """Distort a list of frames."""
        state = np.random.get_state()
        for frame in results:
            # The frames draw the same numbers one after another.
            np.random.set_state(state)
            # mmseg's hue and saturation expect BGR.
            frame['img'] = np.ascontiguousarray(super().__call__(dict(img=frame['img'][..., ::-1]))['img'][..., ::-1])
        return results
