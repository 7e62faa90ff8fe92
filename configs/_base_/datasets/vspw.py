# VSPW at 480p: pairs of frames for training, whole videos for testing; 124 classes, all stuff.
dataset_type = 'VSPWDataset'
data_root = 'data/VSPW_480p'
# The loaders read RGB, so nothing is to be swapped.
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
img_scale = (853, 480)
crop_size = (480, 480)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqResizeWithDepth', img_scale=img_scale, ratio_range=[0.5, 2.0], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=crop_size, share_params=True),
    dict(type='SeqPhotoMetricDistortion'),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size=crop_size),
    dict(type='VideoCollect', keys=['img', 'gt_semantic_seg']),
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
        ],
    ),
]
data = dict(
    samples_per_gpu=1,
    workers_per_gpu=2,
    train=dict(
        type=dataset_type, data_root=data_root, split='train', ref_seq_index=[-2, -1, 1, 2], pipeline=train_pipeline
    ),
    val=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
    test=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
)
evaluation = dict(metric=['miou', 'vc'], save_best='mIoU')
