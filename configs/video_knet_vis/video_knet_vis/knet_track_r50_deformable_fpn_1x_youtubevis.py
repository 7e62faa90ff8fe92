# Clip-wise Video K-Net, R-50 with a deformable pixel decoder, on YouTube-VIS 2019.
_base_ = [
    '../../_base_/models/knet_track_r50.py',
    '../../_base_/models/deformable_fpn.py',
    '../../_base_/datasets/youtube_vis_2019.py',
    '../../_base_/schedules/schedule_1x.py',
    '../../_base_/vis_runtime.py',
]
model = dict(neck={{_base_.deformable_fpn}})
data = dict(samples_per_gpu=1)
