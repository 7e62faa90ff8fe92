# What tools/experiments/pretraining.py trains first: image K-Net on single frames of other toy streets.
_base_ = '../knet_toy_cityscapes_step.py'
data_root = 'data/toy/ladder-images'
_split = dict(data_root=data_root)
data = dict(train=dict(dataset=_split), val=_split, test=_split)
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=720)
checkpoint_config = dict(by_epoch=False, interval=240)
