# Image K-Net, R-50, on COCO instances: pre-training of the YouTube-VIS models.
# Run:
#   CONFIG=configs/det/coco/knet_s3_r50_fpn_ms-3x_coco.py
#   sh ./tools/dist_train.sh knet_coco $CONFIG 8 work_dirs/knet_coco_r50
# Starts from: R-50 pretrained on ImageNet (torchvision), which is downloaded.
# Hardware: 8 GPUs in the command above, time not known.
# Trained here: no.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn.py',
    '../common/mstrain_3x_coco_instance.py',
    '../../_base_/default_runtime.py',
]
