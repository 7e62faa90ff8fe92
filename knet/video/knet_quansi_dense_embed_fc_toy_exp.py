"""The toy experiment of the paper, which tracks with the kernels of an image K-Net (Video K-Net, Sec. 3.1)."""

from typing import Union

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiEmbedFCToy(VideoKNet):
    """:class:`VideoKNet` that matches the kernels themselves and accepts checkpoints of image K-Net."""

    def __init__(
        self, embedding: Union[str, dict] = 'raw_query', link_previous: bool = False, ref_losses: bool = False, **kwargs
    ) -> None:
        super().__init__(embedding=embedding, link_previous=link_previous, ref_losses=ref_losses, **kwargs)
