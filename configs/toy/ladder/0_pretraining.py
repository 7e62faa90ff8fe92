# Image K-Net on single frames of other toy streets; tools/experiments/pretraining.py makes the data and runs it.
# Run:
#   CONFIG=configs/toy/ladder/0_pretraining.py
#   python tools/train.py $CONFIG --work-dir work_dirs/ladder_images --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 6 minutes together with the video model after it.
# Trained here: yes, three seeds: results/pretraining_toy.csv, docs/results.md.
_base_ = '../knet_toy_cityscapes_step.py'
data_root = 'data/toy/ladder-images'
_split = dict(data_root=data_root)
data = dict(train=dict(dataset=_split), val=_split, test=_split)
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=720)
checkpoint_config = dict(by_epoch=False, interval=240)
evaluation = dict(interval=240)
