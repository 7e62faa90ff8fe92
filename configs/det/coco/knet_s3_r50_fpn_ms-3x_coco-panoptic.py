# Image K-Net, R-50, on COCO panoptic: pre-training of the VIPSeg models.
_base_ = [
    '../../_base_/models/knet_s3_r50_fpn_panoptic.py',
    '../common/mstrain_3x_coco_panoptic_inst_anno.py',
    '../../_base_/default_runtime.py',
]
