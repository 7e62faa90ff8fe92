# Clip-wise Video K-Net in toy size on toy streets in the layout of YouTube-VIS.
# Run:
#   CONFIG=configs/toy/knet_track_toy_youtubevis.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_vis --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 11 minutes.
# Trained here: yes, one seed: AP 28.1, see README.md.
_base_ = [
    '../_base_/models/knet_track_toy.py',
    '../_base_/datasets/youtube_vis_toy.py',
    '../_base_/schedules/toy.py',
    '../_base_/vis_runtime.py',
]
_channels = 64
model = dict(
    tracker=dict(
        num_proposals=16,
        proposal_feature_channel=_channels,
        mask_head=dict(
            in_channels=_channels,
            feedforward_channels=256,
            loss_cls=dict(alpha=0.5, loss_weight=4.0),
            kernel_updator_cfg=dict(in_channels=_channels, feat_channels=_channels, out_channels=_channels),
        ),
    )
)
# A video has eight frames and is tested as a whole: the frames of a training clip lie anywhere in it.
data = dict(train=dict(ref_img_sampler=dict(num_ref_imgs=2, frame_range=[-7, 7], filter_key_img=False)))
checkpoint_config = dict(by_epoch=False, interval=600)
evaluation = dict(by_epoch=False, interval=600)
runner = dict(type='IterBasedRunner', max_iters=2400)
