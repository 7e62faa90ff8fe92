# Rung 1 of tools/experiments/ladder.py: image K-Net; a thing is what overlaps its mask of the frame before.
# Run:
#   CONFIG=configs/toy/ladder/1_image.py
#   python tools/train.py $CONFIG --work-dir work_dirs/ladder_1 --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 4 to 5 minutes.
# Trained here: yes, three seeds: results/ladder_toy.csv, docs/results.md.
_base_ = './2_embedding.py'
model = dict(
    track_head=dict(loss_track=dict(loss_weight=0.0), loss_track_aux=dict(loss_weight=0.0)),
    tracker=dict(_delete_=True, type='MaskIoUTracker'),
)
