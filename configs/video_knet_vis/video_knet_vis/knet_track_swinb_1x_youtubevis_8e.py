# Clip-wise Video K-Net, Swin-B, on YouTube-VIS 2019, 8 epochs.
_base_ = [
    '../../_base_/models/knet_track_r50.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/youtube_vis_2019.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/vis_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
data = dict(samples_per_gpu=1)
