# Image K-Net, Swin-L, on Cityscapes-STEP: pre-training of the KITTI-STEP video models.
# Run:
#   CONFIG=configs/det/knet_cityscapes_step/knet_s3_swin_l_fpn.py
#   sh ./tools/dist_train.sh knet_step $CONFIG 8 work_dirs/knet_step_swin_l --load-from CHECKPOINT
# Starts from: weights of the backbone in a checkpoint that --load-from names, see docs/backbones.md.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = './knet_s3_swin_b_fpn.py'
model = dict(backbone={{_base_.swin_l}}, neck=dict(in_channels={{_base_.swin_l_channels}}))
