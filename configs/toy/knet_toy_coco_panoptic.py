# Image K-Net in toy size on toy streets in the layout and with the classes of COCO panoptic.
# Run:
#   CONFIG=configs/toy/knet_toy_coco_panoptic.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_coco --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: no; tests run a few iterations.
_base_ = [
    '../_base_/models/knet_toy_panoptic.py',
    '../_base_/datasets/coco_panoptic.py',
    '../_base_/schedules/toy_2e.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/toy/coco'
_train = dict(data_root=data_root, pipeline={{_base_.toy_panoptic_train}})
_val = dict(data_root=data_root, pipeline={{_base_.toy_images_test}})
data = dict(workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
evaluation = dict(save_best='PQ')
