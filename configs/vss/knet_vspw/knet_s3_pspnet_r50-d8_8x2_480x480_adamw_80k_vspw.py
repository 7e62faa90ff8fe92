# Image K-Net, PSPNet, R-50, on single frames of VSPW: 8 GPUs with 2 frames each.
_base_ = [
    '../../_base_/models/knet_s3_pspnet_r50_vspw.py',
    '../../_base_/datasets/vspw_images.py',
    '../../_base_/schedules/schedule_80k_vss.py',
    '../../_base_/default_runtime.py',
]
checkpoint_config = dict(by_epoch=False, interval=8000)
evaluation = dict(interval=8000)
