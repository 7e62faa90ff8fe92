# Image K-Net in toy size on the frames of toy streets in the layout of KITTI-STEP; tools/quickstart.sh starts with it.
# Run:
#   CONFIG=configs/toy/knet_toy_kitti_step.py
#   python tools/train.py $CONFIG --work-dir work_dirs/quickstart/images --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 3 minutes.
# Trained here: yes, one seed, as the start of video_knet_toy_kitti_step.py; see README.md.
_base_ = [
    '../_base_/models/knet_s3_r50_fpn_step.py',
    '../_base_/models/toy_size.py',
    '../_base_/datasets/kitti_step_images.py',
    '../_base_/schedules/toy_2e.py',
    '../_base_/default_runtime.py',
]
model = {{_base_.toy_size}}
data_root = 'data/toy/kitti-step'
_train = dict(data_root=data_root, pipeline={{_base_.toy_image_train}})
_val = dict(data_root=data_root)
data = dict(workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
