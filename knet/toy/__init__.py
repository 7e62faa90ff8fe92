"""Procedural street videos with exact labels, the world of the quickstart."""

from knet.toy.difficulty import Difficulty
from knet.toy.layouts import LAYOUTS, write_cityscapes_step, write_kitti_step
from knet.toy.street import ToyFrame, ToyStreet
from knet.toy.writers import ToySpec, make_toy_videos

__all__ = [
    'LAYOUTS',
    'Difficulty',
    'ToyFrame',
    'ToySpec',
    'ToyStreet',
    'make_toy_videos',
    'write_cityscapes_step',
    'write_kitti_step',
]
