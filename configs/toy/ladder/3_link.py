# Rung 3 of tools/experiments/ladder.py: kernels of the previous frame enter the last stage.
# Run:
#   CONFIG=configs/toy/ladder/3_link.py
#   python tools/train.py $CONFIG --work-dir work_dirs/ladder_3 --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 4 minutes.
# Trained here: yes, three seeds: results/ladder_toy.csv, docs/results.md.
_base_ = './4_joint_train.py'
model = dict(type='VideoKNetQuansiEmbedFC')
