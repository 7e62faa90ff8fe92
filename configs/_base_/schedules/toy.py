# Training from scratch in minutes: high rate, short warm-up, cosine decay to zero.
optimizer = dict(type='AdamW', lr=1e-3, weight_decay=0.05)
optimizer_config = dict(grad_clip=dict(max_norm=1, norm_type=2))
lr_config = dict(
    policy='CosineAnnealing', by_epoch=False, min_lr=0, warmup='linear', warmup_iters=50, warmup_ratio=0.001
)
