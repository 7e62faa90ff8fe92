# VSPW at 480p: pairs of frames for training, whole videos for testing; 124 classes, all stuff.
_base_ = '../pipelines/frames.py'
data_root = 'data/VSPW_480p'
_data_set = dict(type='VSPWDataset', data_root=data_root)
_train = dict(**_data_set, split='train', ref_seq_index=[-2, -1, 1, 2], pipeline={{_base_.vspw_train}})
_val = dict(**_data_set, split='val', test_mode=True, pipeline={{_base_.frames_test}})
data = dict(samples_per_gpu=1, workers_per_gpu=2, train=_train, val=_val, test=_val)
evaluation = dict(metric=['miou', 'vc'], save_best='mIoU')
