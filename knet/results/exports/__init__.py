"""Files that evaluation servers and other programs take, one module per format; each registers its exporter.

:mod:`.detections` makes objects of the package supervision in place of files.
"""

from knet.results.exports import cityscapes_vps, coco_panoptic, kitti_mots, kitti_step, tracks_json, vspw, youtube_vis
from knet.results.exports.base import EXPORTERS, Exporter, register_exporter
from knet.results.exports.detections import to_detections

__all__ = [
    'EXPORTERS',
    'Exporter',
    'cityscapes_vps',
    'coco_panoptic',
    'kitti_mots',
    'kitti_step',
    'register_exporter',
    'to_detections',
    'tracks_json',
    'vspw',
    'youtube_vis',
]
