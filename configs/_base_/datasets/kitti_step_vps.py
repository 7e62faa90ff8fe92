# KITTI-STEP: pairs of frames for training, whole videos for testing.
# 2 things (person, car) + 17 stuff classes, frames of about 375 x 1242.
dataset_type = 'KITTISTEPDVPSDataset'
data_root = 'data/kitti-step'
# The loaders read RGB, so nothing is to be swapped.
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False)
crop_size = (384, 1248)
train_pipeline = [
    dict(type='LoadMultiImagesDirect'),
    dict(type='LoadMultiAnnotationsDirect'),
    dict(type='SeqResizeWithDepth', img_scale=crop_size, ratio_range=[0.5, 2.0], keep_ratio=True),
    dict(type='SeqFlipWithDepth', flip_ratio=0.5),
    dict(type='SeqRandomCropWithDepth', crop_size=crop_size, share_params=True),
    dict(type='SeqNormalizeWithDepth', **img_norm_cfg),
    dict(type='SeqPadWithDepth', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_bboxes', 'gt_labels', 'gt_masks', 'gt_semantic_seg', 'gt_instance_ids']),
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
        type='RepeatDataset',
        times=2,
        dataset=dict(
            type=dataset_type, data_root=data_root, split='train', ref_seq_index=[-2, -1, 1, 2], pipeline=train_pipeline
        ),
    ),
    val=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
    test=dict(type=dataset_type, data_root=data_root, split='val', test_mode=True, pipeline=test_pipeline),
)
