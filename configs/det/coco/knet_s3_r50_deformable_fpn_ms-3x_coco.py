# Image K-Net, R-50 with a deformable pixel decoder, on COCO instances.
# Run:
#   CONFIG=configs/det/coco/knet_s3_r50_deformable_fpn_ms-3x_coco.py
#   sh ./tools/dist_train.sh knet_coco $CONFIG 8 work_dirs/coco_deform
# Starts from: R-50 pretrained on ImageNet (torchvision), which is downloaded.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_deformable_fpn.py',
    '../common/mstrain_3x_coco_instance.py',
    '../../_base_/default_runtime.py',
]
model = dict(backbone=dict(norm_cfg=dict(type='SyncBN')))
