# What tools/experiments/pretraining.py trains first: image K-Net on single frames of other toy streets.
_base_ = '../knet_toy_cityscapes_step.py'
data_root = 'data/toy/ladder-images'
data = dict(
    train=dict(dataset=dict(data_root=data_root)), val=dict(data_root=data_root), test=dict(data_root=data_root)
)
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=720)
checkpoint_config = dict(by_epoch=False, interval=240)
