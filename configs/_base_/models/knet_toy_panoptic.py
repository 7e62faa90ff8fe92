# Image K-Net in toy size. A file of its own, because a file that takes `toy_size` can change nothing more of `model`.
_base_ = ['./knet_s3_r50_fpn_panoptic.py', './toy_size.py']
model = {{_base_.toy_size}}
