# Video K-Net, R-50, on VIPSeg.
# Run:
#   CONFIG=configs/det/video_knet_vipseg/video_knet_s3_r50_rpn_vipseg_mask_embed_link_ffn_joint_train.py
#   sh ./tools/dist_train.sh vipseg $CONFIG 8 work_dirs/vipseg_r50 --load-from work_dirs/knet_coco_panoptic_r50
# Starts from: configs/det/coco/knet_s3_r50_fpn_ms-3x_coco-panoptic.py, trained before.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_vipseg.py',
    '../../_base_/datasets/vipseg_dvps.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
