"""Backbones that differ from mmdet's in how they compute or load, never in what they compute."""

from knet.utils import compat

compat.apply()  # before anything that imports mmdet

from .resnet import ResNet
from .swin import SwinTransformerDIY

__all__ = ['ResNet', 'SwinTransformerDIY']
