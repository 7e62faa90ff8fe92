"""Backbones that differ from mmdet's in how they compute, never in what."""
from .resnet import ResNet

__all__ = ['ResNet']
