# YouTube-VIS 2019: clips of five frames for training, whole videos for testing. 40 things.
# The official validation set has no public annotations: test with --format-only and submit the result.
_base_ = '../pipelines/youtube_vis.py'
data_root = 'data/youtube_vis_2019'
_data_set = dict(type='YouTubeVISDataset', dataset_version='2019', data_root=data_root)
_val = dict(
    **_data_set,
    ann_file='annotations/youtube_vis_2019_valid.json',
    img_prefix='valid/JPEGImages',
    test_mode=True,
    pipeline={{_base_.youtube_vis_test}},
)
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=2,
    train=dict(
        **_data_set,
        ann_file='annotations/youtube_vis_2019_train.json',
        img_prefix='train/JPEGImages',
        ref_img_sampler=dict(num_ref_imgs=5, frame_range=[-2, 2], filter_key_img=False),
        pipeline={{_base_.youtube_vis_train}},
    ),
    val=_val,
    test=_val,
)
