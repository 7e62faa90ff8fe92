# What every training has in common: checkpoints, logs, process group, plugin.
checkpoint_config = dict(interval=1)
log_config = dict(interval=50, hooks=[dict(type='TextLoggerHook'), dict(type='TensorboardLoggerHook')])
custom_imports = dict(imports=['knet.plugin'], allow_failed_imports=False)
log_level = 'INFO'
load_from = None
resume_from = None
# Read by the training loop of MMDetection, which trains these configs too.
workflow = [('train', 1)]
dist_params = dict(backend='nccl')
