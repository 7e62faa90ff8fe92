# Rung 1 of tools/experiments/ladder.py: image K-Net; a thing is what overlaps its mask of the frame before.
_base_ = './2_embedding.py'
model = dict(
    track_head=dict(loss_track=dict(loss_weight=0.0), loss_track_aux=dict(loss_weight=0.0)),
    tracker=dict(_delete_=True, type='MaskIoUTracker'),
)
