# YouTube-VIS 2021: other classes and more videos than 2019, the same pipelines.
_base_ = './youtube_vis_2019.py'
data_root = 'data/youtube_vis_2021'
data = dict(
    train=dict(dataset_version='2021', data_root=data_root, ann_file='annotations/youtube_vis_2021_train.json'),
    val=dict(dataset_version='2021', data_root=data_root, ann_file='annotations/youtube_vis_2021_valid.json'),
    test=dict(dataset_version='2021', data_root=data_root, ann_file='annotations/youtube_vis_2021_valid.json'),
)
