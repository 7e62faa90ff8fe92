# AdamW as K-Net and Video K-Net are trained: the backbone learns four times
# slower, gradients are clipped, the rate warms up over 1000 iterations.
optimizer = dict(
    type='AdamW', lr=0.0001, weight_decay=0.05, paramwise_cfg=dict(custom_keys={'backbone': dict(lr_mult=0.25)})
)
optimizer_config = dict(grad_clip=dict(max_norm=1, norm_type=2))
