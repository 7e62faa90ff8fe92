# Rung 2 of tools/experiments/ladder.py: kernels are told apart by a learned embedding.
_base_ = './3_link.py'
model = dict(link_previous=False)
