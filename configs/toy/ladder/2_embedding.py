# Rung 2 of tools/experiments/ladder.py: kernels are told apart by a learned embedding.
# Run:
#   CONFIG=configs/toy/ladder/2_embedding.py
#   python tools/train.py $CONFIG --work-dir work_dirs/ladder_2 --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, 4 minutes.
# Trained here: yes, three seeds: results/ladder_toy.csv, docs/results.md.
_base_ = './3_link.py'
model = dict(link_previous=False)
