# VIPSeg: pairs of frames for training, whole videos for testing.
# 58 things + 66 stuff classes, frames resized before so that their short side is 720.
_base_ = './kitti_step_vps.py'
dataset_type = 'VIPSegDVPSDataset'
data_root = 'data/VIPSeg'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    # One to two times the short side of 720, whatever the long side.
    dict(type='SeqResizeWithDepth', img_scale=(720, 100000), ratio_range=[1.0, 2.0], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=(736, 736), share_params=True),
    # Padding is 0 after normalisation, in training as in testing.
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
dataset = dict(type=dataset_type, data_root=data_root)
data = dict(train=dict(times=1, dataset=dict(pipeline=train_pipeline, **dataset)), val=dataset, test=dataset)
