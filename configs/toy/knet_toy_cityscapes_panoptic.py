# Image K-Net in toy size on toy streets in the layout and with the classes of Cityscapes panoptic.
# Run:
#   CONFIG=configs/toy/knet_toy_cityscapes_panoptic.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_city --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: only for ten epochs of 50 iterations: PQ 0.49, see DATASET.md.
_base_ = [
    '../_base_/models/knet_toy_panoptic.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/toy_2e.py',
    '../_base_/default_runtime.py',
]
model = dict(label_space='cityscapes_panoptic')
data_root = 'data/toy/cityscapes-panoptic'
_train = dict(data_root=data_root, pipeline={{_base_.toy_panoptic_train}})
_val = dict(data_root=data_root, pipeline={{_base_.toy_images_test}})
data = dict(workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
evaluation = dict(save_best='PQ')
