# Clip-wise Video K-Net, R-50, on YouTube-VIS 2021 (the images of 2022's valid set can be tested with it, too).
_base_ = [
    '../../_base_/models/knet_track_r50.py',
    '../../_base_/datasets/youtube_vis_2021.py',
    '../../_base_/schedules/schedule_1x.py',
    '../../_base_/vis_runtime.py',
]
model = dict(label_space='youtube_vis_2021')
