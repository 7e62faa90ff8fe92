# Rung 4 of tools/experiments/ladder.py, the whole method: reference frames are supervised as well.
# Run:
#   CONFIG=configs/toy/ladder/4_joint_train.py
#   python tools/train.py $CONFIG --work-dir work_dirs/ladder_4 --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 5 minutes.
# Trained here: yes, three seeds: results/ladder_toy.csv, docs/results.md.
_base_ = '../video_knet_toy_kitti_step.py'
data_root = 'data/toy/ladder'
_split = dict(data_root=data_root)
data = dict(train=dict(dataset=_split), val=_split, test=_split)
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=720)
checkpoint_config = dict(by_epoch=False, interval=240)
evaluation = dict(interval=240)
