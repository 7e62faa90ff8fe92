# KITTI-STEP for the server: training on all labelled videos, predictions of the videos without public labels.
_base_ = '../pipelines/frames.py'
data_root = 'data/kitti-step'
_data_set = dict(type='KITTISTEPDVPSDataset', data_root=data_root)
_pairs = dict(**_data_set, ref_seq_index=[-2, -1, 1, 2], pipeline={{_base_.kitti_step_train}})
_both = dict(type='ConcatDataset', datasets=[dict(**_pairs, split='train'), dict(**_pairs, split='val')])
_repeated = dict(type='RepeatDataset', times=2, dataset=_both)
_val = dict(**_data_set, split='val', test_mode=True, pipeline={{_base_.frames_test}})
_test = dict(**_data_set, split='test', test_mode=True, pipeline={{_base_.frames_test}})
data = dict(samples_per_gpu=1, workers_per_gpu=2, train=_repeated, val=_val, test=_test)
