# 12 epochs, rate / 10 after 9 and 11.
_base_ = './adamw.py'
lr_config = dict(policy='step', warmup='linear', warmup_iters=1000, warmup_ratio=0.001, step=[9, 11])
runner = dict(type='EpochBasedRunner', max_epochs=12)
