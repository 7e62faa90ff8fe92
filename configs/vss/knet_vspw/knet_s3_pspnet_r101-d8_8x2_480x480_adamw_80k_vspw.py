# Image K-Net, PSPNet, R-101, on single frames of VSPW.
_base_ = './knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='open-mmlab://resnet101_v1c')))
