# What every training has in common: checkpoints, logs, process group, plugin.
# The last three checkpoints stay, and the best one; the disk does not fill.
checkpoint_config = dict(interval=1, max_keep_ckpts=3)
log_config = dict(
    interval=50,
    hooks=[
        dict(type='TextLoggerHook')
        # dict(type='TensorboardLoggerHook'),  # pip install tensorboard
    ],
)
custom_imports = dict(imports=['knet.plugin'], allow_failed_imports=False)
log_level = 'INFO'
load_from = None
resume_from = None
# Read by the training loop of MMDetection, which trains these configs too.
workflow = [('train', 1)]
dist_params = dict(backend='nccl')
