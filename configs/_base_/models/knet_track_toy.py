# Clip-wise Video K-Net in toy size.
_base_ = ['./knet_track_r50.py', './toy_size.py']
model = {{_base_.toy_size}}
