# All three stages of the tracker refine the kernels of the clip; none has kernels per frame.
_base_ = './knet_track_r50_1x_youtubevis.py'
model = dict(tracker=dict(assign_stages=3))
