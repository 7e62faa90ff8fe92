# Clip-wise Video K-Net, R-50, on YouTube-VIS 2019; all three stages of the tracker refine the kernels of the clip.
# Run:
#   CONFIG=configs/video_knet_vis/video_knet_vis/knet_track_r50_assign3_1x_youtubevis.py
#   sh ./tools/dist_train.sh vis $CONFIG 8 work_dirs/vis_assign3 --load-from work_dirs/knet_coco_r50 --no-validate
# Starts from: configs/det/coco/knet_s3_r50_fpn_ms-3x_coco.py, trained before.
# Hardware: 8 GPUs (README.md), time not known.
# Trained here: no.
_base_ = './knet_track_r50_1x_youtubevis.py'
model = dict(tracker=dict(assign_stages=3))
