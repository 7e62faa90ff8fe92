# Frames are merged by attention of clip queries to those of all frames instead of the mean.
_base_ = './knet_track_r50_1x_youtubevis.py'
model = dict(tracker=dict(query_merge_method='attention'))
