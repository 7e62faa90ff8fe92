# Rung 4 of tools/experiments/ladder.py, the whole method: reference frames are supervised as well.
_base_ = '../video_knet_toy_kitti_step.py'
data_root = 'data/toy/ladder'
_split = dict(data_root=data_root)
data = dict(train=dict(dataset=_split), val=_split, test=_split)
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=720)
checkpoint_config = dict(by_epoch=False, interval=240)
