# Frames are merged by attention, and the clip starts from masks of the merged kernels.
_base_ = './knet_track_r50_attention_1x_youtubevis.py'
model = dict(tracker=dict(with_mask_init=True))
