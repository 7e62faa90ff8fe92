# Cityscapes with the classes of STEP: single images of 1024 x 2048,
# 2 things (person, car) + 17 stuff classes.
_base_ = '../pipelines/frames.py'
data_root = 'data/cityscapes'
_data_set = dict(type='CityscapesSTEP', data_root=data_root)
_train = dict(**_data_set, split='train', pipeline={{_base_.cityscapes_step_train}})
_val = dict(**_data_set, split='val', test_mode=True, pipeline={{_base_.frames_test}})
_repeated = dict(type='RepeatDataset', times=8, dataset=_train)
data = dict(samples_per_gpu=2, workers_per_gpu=2, train=_repeated, val=_val, test=_val)
