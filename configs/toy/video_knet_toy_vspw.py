# Video K-Net for semantic segmentation in toy size, on toy streets in the layout of VSPW; linking is on.
_base_ = [
    '../_base_/models/video_knet_toy_vspw.py',
    '../_base_/datasets/vspw.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
_toy = dict(data_root='data/toy/vspw', label_space='vspw_toy')
data = dict(
    samples_per_gpu=2,
    workers_per_gpu=1,
    train=dict(pipeline={{_base_.toy_semantic_pair_train}}, **_toy),
    val=_toy,
    test=_toy,
)
runner = dict(type='EpochBasedRunner', max_epochs=1)
