# Video K-Net, R-50, on Cityscapes-VPS.
# Run:
#   CONFIG=configs/det/video_knet_cityscapes_vps/video_knet_s3_r50_fpn.py
#   sh ./tools/dist_train.sh city_vps $CONFIG 8 work_dirs/city_vps_r50 --load-from work_dirs/knet_city_r50
# Starts from: configs/det/knet_cityscapes_panoptic/knet_s3_r50_fpn.py, trained before.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_panoptic.py',
    '../../_base_/datasets/cityscapes_vps_clips.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
