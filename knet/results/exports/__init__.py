"""Files that evaluation servers take, one module per server; each registers its exporter."""

from knet.results.exports import cityscapes_vps, kitti_step, vspw, youtube_vis
from knet.results.exports.base import EXPORTERS, Exporter, register_exporter

__all__ = ['EXPORTERS', 'Exporter', 'cityscapes_vps', 'kitti_step', 'register_exporter', 'vspw', 'youtube_vis']
