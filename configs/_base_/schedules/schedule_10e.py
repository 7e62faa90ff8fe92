# 10 epochs, rate / 10 after 8.
_base_ = './adamw.py'
lr_config = dict(policy='step', warmup='linear', warmup_iters=1000, warmup_ratio=0.001, step=[8])
runner = dict(type='EpochBasedRunner', max_epochs=10)
