# The toy model of video semantic segmentation without links: K-Net on the same pairs, each frame for itself.
# Run:
#   CONFIG=configs/toy/knet_toy_vspw.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_vspw_image --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 1.5 to 3 minutes for 480 iterations.
# Trained here: yes, 480 iterations, three seeds: results/vss_toy.csv, docs/vss.md.
_base_ = './video_knet_toy_vspw.py'
model = dict(decode_head=dict(link=None))
