# Cityscapes-VPS: pairs of labelled frames for training, whole clips of 30 frames for testing.
# 8 things + 11 stuff classes, frames of 1024 x 2048.
dataset_type = 'CityscapesVPSDataset'
data_root = 'data/cityscapes_vps'
# The loaders read RGB, so nothing is to be swapped.
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(
        type='SeqResizeWithDepth', img_scale=[(1024, 512), (4096, 2048)], multiscale_mode='range', keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=(1024, 1024), share_params=True),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(
        type='VideoCollect',
        keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences'),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
test_pipeline = [
    dict(type='LoadImgDirect'),
    dict(
        type='MultiScaleFlipAug',
        scale_factor=[1.0],
        flip=False,
        transforms=[
            dict(type='Normalize', **img_norm_cfg),
            dict(type='Pad', size_divisor=32),
            dict(type='ImageToTensor', keys=['img']),
            dict(type='FrameCollect', keys=['img']),
        ])
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(
            type=dataset_type, data_root=data_root, split='train', ref_seq_index=[-1, 1], pipeline=train_pipeline)),
    val=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
    test=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline))
