# Video K-Net in toy size on toy streets in the layout of KITTI-STEP; tools/quickstart.sh runs it whole.
# Run:
#   CONFIG=configs/toy/video_knet_toy_kitti_step.py
#   python tools/train.py $CONFIG --load-from work_dirs/quickstart/images --work-dir work_dirs/quickstart --seed 0
# Starts from: configs/toy/knet_toy_kitti_step.py, trained before.
# Hardware: two CPU cores, 3 minutes.
# Trained here: yes, one seed; see README.md.
_base_ = [
    '../_base_/models/video_knet_toy_step.py',
    '../_base_/datasets/kitti_step_vps.py',
    '../_base_/schedules/toy.py',
    '../_base_/default_runtime.py',
]
model = dict(track_head=dict(in_channels=64, fc_out_channels=64, embed_channels=64))
data_root = 'data/toy/kitti-step'
_train = dict(data_root=data_root, pipeline={{_base_.toy_pair_train}})
_val = dict(data_root=data_root)
data = dict(samples_per_gpu=2, workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
runner = dict(type='EpochBasedRunner', max_epochs=1)
