"""Backbones that differ from mmdet's in how they compute or load, never in what they compute."""

from .resnet import ResNet
from .swin import SwinTransformerDIY

__all__ = ['ResNet', 'SwinTransformerDIY']
