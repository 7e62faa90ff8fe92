# VSPW at 480p: single frames for training, whole videos for testing.
_base_ = './vspw.py'
data = dict(samples_per_gpu=2, train=dict(ref_seq_index=None))
