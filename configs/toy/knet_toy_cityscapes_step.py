# Image K-Net in toy size on toy streets in the layout of Cityscapes-STEP.
# Run:
#   CONFIG=configs/toy/knet_toy_cityscapes_step.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_step --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: no; tests run a few iterations.
_base_ = [
    '../_base_/models/knet_s3_r50_fpn_step.py',
    '../_base_/models/toy_size.py',
    '../_base_/datasets/cityscapes_step.py',
    '../_base_/schedules/toy_2e.py',
    '../_base_/default_runtime.py',
]
model = {{_base_.toy_size}}
data_root = 'data/toy/cityscapes-step'
_train = dict(data_root=data_root, pipeline={{_base_.toy_image_train}})
_val = dict(data_root=data_root)
data = dict(workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
