# Video K-Net for semantic segmentation in toy size, with links, on toy streets in the layout of VSPW.
# Run:
#   CONFIG=configs/toy/video_knet_toy_vspw.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_vspw --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 1.5 to 2.5 minutes for 480 iterations.
# Trained here: yes, 480 iterations, three seeds: results/vss_toy.csv, docs/vss.md.
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
