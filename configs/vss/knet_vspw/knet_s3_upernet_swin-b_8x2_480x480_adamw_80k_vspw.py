# Image K-Net, UPerNet, Swin-B, on single frames of VSPW.
# Run:
#   CONFIG=configs/vss/knet_vspw/knet_s3_upernet_swin-b_8x2_480x480_adamw_80k_vspw.py
#   sh ./tools/dist_train.sh vss $CONFIG 8 work_dirs/image_upernet_swin_b
# Starts from: Swin-B pretrained on ImageNet-22k in pretrained/, see docs/vss.md.
# Hardware: 8 GPUs with 2 frames each (docs/vss.md), time not known.
# Trained here: no.
_base_ = ['./knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py', '../../_base_/models/swin.py']
model = dict(
    backbone={{_base_.swin_b_of_mmdet}},
    decode_head=dict(kernel_generate_head={{_base_.upernet_swin_b}}),
    auxiliary_head=dict(in_channels=512),
)
# As K-Net with Swin in mmsegmentation.
_no_decay = dict(decay_mult=0.0)
optimizer = dict(
    lr=0.00006, paramwise_cfg=dict(custom_keys=dict(relative_position_bias_table=_no_decay, norm=_no_decay))
)
