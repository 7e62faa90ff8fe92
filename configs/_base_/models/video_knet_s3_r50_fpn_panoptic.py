# Video K-Net: image K-Net at twice the mask resolution, plus links to the previous frame and a tracker.
_base_ = './knet_s3_r50_fpn_panoptic.py'
model = dict(
    type='VideoKNetQuansiEmbedFCJointTrain',
    label_space='cityscapes_panoptic',
    link_previous=True,
    mask_assign_stride=2,
    rpn_head=dict(
        feat_downsample_stride=4,
        loss_seg=dict(_delete_=True, type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    ),
    roi_head=dict(
        type='VideoKernelIterHead',
        mask_head=dict(type='VideoKernelUpdateHead', previous_type='ffn', mask_upsample_stride=4, loss_rank=None),
    ),
    track_head=dict(
        type='QuasiDenseMaskEmbedHeadGTMask',
        num_fcs=2,
        in_channels=256,
        fc_out_channels=256,
        embed_channels=256,
        loss_track=dict(type='MultiPosCrossEntropyLoss', loss_weight=0.25),
        loss_track_aux=dict(type='L2Loss', neg_pos_ub=3, neg_margin=0.1, loss_weight=1.0),
    ),
    tracker=dict(
        type='QuasiDenseEmbedTracker',
        init_score_thr=0.35,
        obj_score_thr=0.3,
        match_score_thr=0.5,
        memo_tracklet_frames=5,
        memo_backdrop_frames=1,
        memo_momentum=0.8,
        nms_conf_thr=0.5,
        nms_backdrop_iou_thr=0.3,
        nms_class_iou_thr=0.7,
        with_cats=True,
        match_metric='bisoftmax',
    ),
    test_cfg=dict(
        rcnn=dict(
            # Published numbers contain that pixels of no segment become class 0; see docs/faithfulness.md.
            unassigned='class0',
            # True reproduces ids of the original, which shift after a dropped duplicate.
            paper_id_order=False,
            merge_stuff_thing=dict(instance_score_thr=0.25),
        )
    ),
)
