# Video K-Net in toy size on one short real clip of 192 x 256 frames; tools/experiments/real_clip.py runs it whole.
# Run:
#   CONFIG=configs/toy/video_knet_toy_clip.py
#   python tools/train.py $CONFIG --work-dir work_dirs/clip --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 9 minutes.
# Trained here: yes, two seeds: results/real_clip.csv, docs/results.md.
_base_ = './video_knet_toy_kitti_step.py'
data_root = 'data/clip'
_train = dict(data_root=data_root, pipeline={{_base_.clip_train}})
_val = dict(data_root=data_root)
data = dict(train=dict(times=20, dataset=_train), val=_val, test=_val)
