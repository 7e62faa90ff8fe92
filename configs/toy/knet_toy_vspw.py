# The toy model of video semantic segmentation without link: K-Net on the same pairs, each frame for itself.
_base_ = './video_knet_toy_vspw.py'
model = dict(decode_head=dict(link=None))
