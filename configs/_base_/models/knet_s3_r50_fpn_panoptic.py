# Image K-Net with three refinement stages; the label space says how many classes its heads have.
_base_ = './blocks.py'
num_stages = 3
num_proposals = 100
assign_cfg = dict(
    assigner=dict(
        type='knet.MaskHungarianAssigner',
        cls_cost=dict(type='FocalLossCost', weight=2.0),
        dice_cost=dict(type='knet.DiceCost', weight=4.0),
        mask_cost=dict(type='knet.MaskCost', weight=1.0),
    ),
    sampler=dict(type='MaskPseudoSampler'),
)
model = dict(
    type='KNet',
    label_space='coco_panoptic',
    mask_assign_stride=4,
    backbone=dict(
        type='knet.ResNet',
        depth=50,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        frozen_stages=1,
        # Half a gigabyte less per pair of frames for a tenth more time.
        recomputed_stages=(2, 3),
        norm_cfg=dict(type='BN', requires_grad=True),
        norm_eval=True,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='ChainedFPN', in_channels=[256, 512, 1024, 2048], out_channels=256, start_level=0, num_outs=4),
    rpn_head=dict(
        type='ConvKernelHead',
        num_proposals=num_proposals,
        in_channels=256,
        feat_downsample_stride=2,
        localization_fpn=dict(
            type='SemanticFPNWrapper',
            in_channels=256,
            feat_channels=256,
            out_channels=256,
            upsample_times=2,
            positional_encoding=dict(type='SinePositionalEncoding', num_feats=128, normalize=True),
            norm_cfg=dict(type='GN', num_groups=32, requires_grad=True),
        ),
        norm_cfg=dict(type='GN', num_groups=32),
        loss_rank={{_base_.loss_rank}},
        loss_seg=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_mask={{_base_.loss_mask}},
        loss_dice={{_base_.loss_dice}},
    ),
    roi_head=dict(
        type='KernelIterHead',
        num_stages=num_stages,
        stage_loss_weights=[1] * num_stages,
        num_proposals=num_proposals,
        mask_head={{_base_.update_head}},
    ),
    train_cfg=dict(rpn=assign_cfg, rcnn=[assign_cfg] * num_stages),
    test_cfg=dict(
        rcnn=dict(
            max_per_img=100,
            unassigned='void',
            merge_joint=True,
            merge_stuff_thing=dict(overlap_thr=0.6, instance_score_thr=0.3),
        )
    ),
)
