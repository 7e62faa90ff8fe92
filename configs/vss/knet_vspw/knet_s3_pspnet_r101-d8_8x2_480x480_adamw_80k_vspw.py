# Image K-Net, PSPNet, R-101, on single frames of VSPW.
# Run:
#   CONFIG=configs/vss/knet_vspw/knet_s3_pspnet_r101-d8_8x2_480x480_adamw_80k_vspw.py
#   sh ./tools/dist_train.sh vss $CONFIG 8 work_dirs/image_pspnet_r101
# Starts from: R-101 pretrained on ImageNet (open-mmlab), which is downloaded.
# Hardware: 8 GPUs with 2 frames each (docs/vss.md), time not known.
# Trained here: no.
_base_ = './knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint='open-mmlab://resnet101_v1c')))
