# YouTube-VIS 2021: other classes and more videos than 2019, the same pipelines.
_base_ = './youtube_vis_2019.py'
data_root = 'data/youtube_vis_2021'
_data_set = dict(dataset_version='2021', data_root=data_root)
_val = dict(**_data_set, ann_file='annotations/youtube_vis_2021_valid.json')
data = dict(train=dict(**_data_set, ann_file='annotations/youtube_vis_2021_train.json'), val=_val, test=_val)
