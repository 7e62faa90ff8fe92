# Image K-Net, PSPNet, R-50, on single frames of VSPW.
# Run:
#   CONFIG=configs/vss/knet_vspw/knet_s3_pspnet_r50-d8_8x2_480x480_adamw_80k_vspw.py
#   sh ./tools/dist_train.sh vss $CONFIG 8 work_dirs/image_pspnet_r50
# Starts from: R-50 pretrained on ImageNet (open-mmlab), which is downloaded.
# Hardware: 8 GPUs with 2 frames each (docs/vss.md), time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_pspnet_r50_vspw.py',
    '../../_base_/datasets/vspw_images.py',
    '../../_base_/schedules/schedule_80k_vss.py',
    '../../_base_/default_runtime.py',
]
checkpoint_config = dict(by_epoch=False, interval=8000)
evaluation = dict(interval=8000)
