# Video K-Net, Swin-B, on VIPSeg.
# Run:
#   CONFIG=configs/det/video_knet_vipseg/video_knet_s3_swin_b_rpn_vipseg_mask_embed_link_ffn_joint_train_8e.py
#   sh ./tools/dist_train.sh vipseg $CONFIG 8 work_dirs/vipseg_swin_b --load-from CHECKPOINT
# Starts from: an image K-Net with Swin-B on COCO panoptic; no config of it is shipped.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_vipseg.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/vipseg_dvps.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
