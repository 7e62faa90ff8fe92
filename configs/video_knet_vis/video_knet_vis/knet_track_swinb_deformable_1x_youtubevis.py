# Clip-wise Video K-Net, Swin-B with a deformable pixel decoder, on YouTube-VIS 2019.
_base_ = ['./knet_track_r50_deformable_fpn_1x_youtubevis.py', '../../_base_/models/swin.py']
model = dict(backbone={{_base_.swin_b_frugal}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
