# Clip-wise Video K-Net, Swin-B, on YouTube-VIS 2019 in 8 epochs.
# Run:
#   CONFIG=configs/video_knet_vis/video_knet_vis/knet_track_swinb_1x_youtubevis_8e.py
#   sh ./tools/dist_train.sh vis $CONFIG 8 work_dirs/vis_swin_b --load-from CHECKPOINT --no-validate
# Starts from: an image K-Net with Swin-B and an FPN on COCO; no config of it is shipped.
# Hardware: 8 GPUs (README.md), time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_track_r50.py',
    '../../_base_/models/swin.py',
    '../../_base_/datasets/youtube_vis_2019.py',
    '../../_base_/schedules/schedule_8e.py',
    '../../_base_/vis_runtime.py',
]
model = dict(backbone={{_base_.swin_b}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
data = dict(samples_per_gpu=1)
