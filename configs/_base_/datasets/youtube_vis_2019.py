# YouTube-VIS 2019: clips of five frames for training, whole videos for testing. 40 things.
# The official validation set has no public annotations: test with --format-only and submit the result.
dataset_type = 'YouTubeVISDataset'
data_root = 'data/youtube_vis_2019'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [
    dict(type='LoadMultiImagesFromFile', to_float32=True),
    dict(type='SeqLoadAnnotations', with_bbox=False, with_mask=True, with_track=True),
    dict(
        type='SeqResize',
        multiscale_mode='value',
        share_params=True,
        # The shorter side; the longer one is free.
        img_scale=[(288, 1e6), (320, 1e6), (352, 1e6), (392, 1e6), (416, 1e6), (448, 1e6), (480, 1e6), (512, 1e6)],
        keep_ratio=True,
    ),
    dict(type='SeqRandomFlip', share_params=True, flip_ratio=0.5),
    dict(type='SeqNormalize', **img_norm_cfg),
    dict(type='SeqPad', size_divisor=32),
    dict(type='VideoCollect', keys=['img', 'gt_labels', 'gt_masks', 'gt_instance_ids']),
    dict(type='ConcatVideoReferences', with_key=False),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
test_transforms = [
    dict(type='SeqResize', keep_ratio=True),
    dict(type='SeqNormalize', **img_norm_cfg),
    dict(type='SeqPad', size_divisor=32),
    dict(type='VideoCollect', keys=['img']),
    dict(type='ConcatVideoReferences', with_key=False),
    dict(type='SeqDefaultFormatBundle', ref_prefix='ref'),
]
test_pipeline = [
    dict(type='LoadMultiImagesFromFile', to_float32=True),
    dict(type='MultiScaleFlipAugVideo', img_scale=(640, 360), flip=False, transforms=test_transforms),
]
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        type=dataset_type,
        dataset_version='2019',
        data_root=data_root,
        ann_file='annotations/youtube_vis_2019_train.json',
        img_prefix='train/JPEGImages',
        ref_img_sampler=dict(num_ref_imgs=5, frame_range=[-2, 2], filter_key_img=False),
        pipeline=train_pipeline,
    ),
    val=dict(
        type=dataset_type,
        dataset_version='2019',
        data_root=data_root,
        ann_file='annotations/youtube_vis_2019_valid.json',
        img_prefix='valid/JPEGImages',
        test_mode=True,
        pipeline=test_pipeline,
    ),
    test=dict(
        type=dataset_type,
        dataset_version='2019',
        data_root=data_root,
        ann_file='annotations/youtube_vis_2019_valid.json',
        img_prefix='valid/JPEGImages',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
