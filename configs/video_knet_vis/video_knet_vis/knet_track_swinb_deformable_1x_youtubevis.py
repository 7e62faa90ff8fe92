# Clip-wise Video K-Net, Swin-B with a deformable pixel decoder, on YouTube-VIS 2019.
# Run:
#   CONFIG=configs/video_knet_vis/video_knet_vis/knet_track_swinb_deformable_1x_youtubevis.py
#   sh ./tools/dist_train.sh vis $CONFIG 8 work_dirs/vis_swin_deform --load-from work_dirs/coco_swin_deform --no-validate
# Starts from: configs/det/coco/knet_s3_swin-b_deformable_fpn_ms-3x_coco.py, trained before.
# Hardware: 8 GPUs (README.md), time not known.
# Trained here: no.
_base_ = ['./knet_track_r50_deformable_fpn_1x_youtubevis.py', '../../_base_/models/swin.py']
model = dict(backbone={{_base_.swin_b_frugal}}, neck=dict(in_channels={{_base_.swin_b_channels}}))
