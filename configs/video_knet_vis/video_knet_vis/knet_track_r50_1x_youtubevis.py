# Clip-wise Video K-Net, R-50, on YouTube-VIS 2019; start from image K-Net on COCO with --load-from.
_base_ = [
    '../../_base_/models/knet_track_r50.py',
    '../../_base_/datasets/youtube_vis_2019.py',
    '../../_base_/schedules/schedule_1x.py',
    '../../_base_/vis_runtime.py',
]
