# As the config of Swin-B, with Swin-L.
_base_ = './knet_s3_swin_b_fpn.py'
model = dict(backbone={{_base_.swin_l}}, neck=dict(in_channels={{_base_.swin_l_channels}}))
