# Video K-Net, R-50, on VIPSeg; start from image K-Net on COCO panoptic with --load-from.
_base_ = [
    '../../_base_/models/video_knet_s3_r50_fpn_vipseg.py',
    '../../_base_/datasets/vipseg_dvps.py',
    '../../_base_/schedules/schedule_12e.py',
    '../../_base_/default_runtime.py',
]
