"""The paper's toy experiment: kernels of an image K-Net already track (Video K-Net, Sec. 3.1)."""

from mmdet.models.builder import DETECTORS

from .video_knet import VideoKNet


@DETECTORS.register_module()
class VideoKNetQuansiEmbedFCToy(VideoKNet):
    """:class:`VideoKNet` that matches the kernels themselves; runs on image K-Net checkpoints."""

    def __init__(self, link_previous: bool = False, **kwargs) -> None:
        super().__init__(embedding='raw_query', link_previous=link_previous, ref_losses=False, **kwargs)
