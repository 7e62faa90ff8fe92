# Video K-Net in toy size.
_base_ = ['./video_knet_s3_r50_fpn_step.py', './toy_size.py']
model = {{_base_.toy_size}}
