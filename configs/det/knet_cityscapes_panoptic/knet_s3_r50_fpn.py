# Image K-Net, R-50, on Cityscapes panoptic: pre-training of the Cityscapes-VPS model.
# Run:
#   CONFIG=configs/det/knet_cityscapes_panoptic/knet_s3_r50_fpn.py
#   sh ./tools/dist_train.sh knet_city $CONFIG 8 work_dirs/knet_city_r50
# Starts from: R-50 pretrained on ImageNet (torchvision), which is downloaded.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_panoptic.py',
    '../common/mstrain_64e_city_panoptic.py',
    '../../_base_/default_runtime.py',
]
model = dict(label_space='cityscapes_panoptic', backbone=dict(norm_cfg=dict(type='SyncBN')))
