# Video K-Net, Swin-L, on KITTI-STEP; previous kernels are updated with features of the frame before both links.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_step.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/kitti_step_vps.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(
    backbone={{_base_.swin_l}},
    neck=dict(in_channels={{_base_.swin_l_channels}}),
    roi_head=dict(mask_head=dict(previous_type='update', previous_link='update_dynamic_cov')))
