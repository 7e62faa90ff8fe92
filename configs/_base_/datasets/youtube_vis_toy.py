# Toy streets in the layout of YouTube-VIS 2019, at their own size; the validation videos have ground truth.
_base_ = './youtube_vis_2019.py'
data_root = 'data/toy/youtube-vis'
_val = dict(data_root=data_root, pipeline={{_base_.toy_clip_test}})
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(data_root=data_root, pipeline={{_base_.toy_clip_train}}),
    val=_val,
    test=_val,
)
evaluation = dict(interval=1, metric=['segm'], save_best='AP')
