# Cityscapes with the classes of STEP: single images of 1024 x 2048,
# 2 things (person, car) + 17 stuff classes.
dataset_type = 'CityscapesSTEP'
data_root = 'data/cityscapes'
# The loaders read RGB, so nothing is to be swapped.
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
crop_size = (1024, 2048)
train_pipeline = [
    dict(type='LoadImgDirect'),
    dict(type='LoadAnnotationsInstanceMasks'),
    dict(type='Resize', img_scale=crop_size, ratio_range=[0.5, 2.0], keep_ratio=True),
    dict(type='RandomFlip', flip_ratio=0.5),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='KNetInsAdapterCherryPick'),
    dict(type='Normalize', **img_norm_cfg),
    dict(type='PadFutureMMDet', size_divisor=32),
    dict(type='DefaultFormatBundle'),
    dict(type='FrameCollect', keys=['img', 'gt_masks', 'gt_labels', 'gt_semantic_seg']),
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
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        type='RepeatDataset',
        times=8,
        dataset=dict(type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline),
    ),
    val=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
    test=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
)
