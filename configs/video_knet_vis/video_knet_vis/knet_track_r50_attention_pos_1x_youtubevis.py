# Frames are merged by attention with a positional encoding of the queries instead of the mean.
_base_ = './knet_track_r50_1x_youtubevis.py'
model = dict(tracker=dict(query_merge_method='attention_pos'))
