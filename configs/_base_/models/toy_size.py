# What makes a K-Net small enough for two CPU cores: ResNet-18 at half width, 64 channels, masks at stride 2.
# GN in the backbone: a batch is one video, whose statistics are not those of the others.
# A leaf file says `model = {{_base_.toy_size}}`.
_channels = 64
_num_proposals = 16
_norm_cfg = dict(type='GN', num_groups=8)
# In a short training, two proposals for one object learn to leave it to one of them only with stronger ranking losses.
# Where both still claim it, thing-first fusion gives it to the better one instead of splitting it.
toy_size = dict(
    mask_assign_stride=2,
    backbone=dict(
        depth=18,
        base_channels=32,
        stem_channels=32,
        frozen_stages=-1,
        recomputed_stages=(),
        norm_eval=False,
        norm_cfg=dict(_delete_=True, **_norm_cfg),
        init_cfg=None,
    ),
    neck=dict(type='FPN', in_channels=[32, 64, 128, 256], out_channels=_channels),
    rpn_head=dict(
        num_proposals=_num_proposals,
        in_channels=_channels,
        feat_downsample_stride=2,
        localization_fpn=dict(
            in_channels=_channels,
            feat_channels=_channels,
            out_channels=_channels,
            upsample_times=3,
            positional_encoding=dict(num_feats=_channels // 2),
            norm_cfg=_norm_cfg,
        ),
        norm_cfg=_norm_cfg,
        loss_rank=dict(_delete_=True, type='CrossEntropyLoss', use_sigmoid=False, loss_weight=4.0),
    ),
    roi_head=dict(
        num_proposals=_num_proposals,
        mask_head=dict(
            in_channels=_channels,
            feedforward_channels=256,
            mask_upsample_stride=2,
            # A third of the proposals is matched, not a tenth: positives need no damping.
            loss_cls=dict(alpha=0.5, loss_weight=4.0),
            loss_rank=dict(_delete_=True, type='CrossEntropyLoss', use_sigmoid=False, loss_weight=2.0),
            kernel_updator_cfg=dict(in_channels=_channels, feat_channels=_channels, out_channels=_channels),
        ),
    ),
    test_cfg=dict(
        rcnn=dict(
            max_per_img=_num_proposals,
            unassigned='stuff',
            merge_joint=False,
            merge_stuff_thing=dict(_delete_=True, instance_score_thr=0.3, iou_thr=0.5, stuff_max_area=32),
        )
    ),
)
