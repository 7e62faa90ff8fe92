# Image K-Net in toy size on toy streets in the layout and with the classes of COCO instance segmentation.
# Run:
#   CONFIG=configs/toy/knet_toy_coco_instance.py
#   python tools/train.py $CONFIG --work-dir work_dirs/toy_coco_instance --seed 0
# Starts from: random weights.
# Hardware: two CPU cores, minutes.
# Trained here: no; tests run a few iterations.
_base_ = [
    '../_base_/models/knet_toy_panoptic.py',
    '../_base_/datasets/coco_instance.py',
    '../_base_/schedules/toy_2e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    label_space='coco',
    rpn_head=dict(loss_rank=None),
    roi_head=dict(mask_head=dict(loss_rank=None)),
    test_cfg=dict(rcnn=dict(_delete_=True, max_per_img=16, mask_thr=0.5)),
)
data_root = 'data/toy/coco'
_train = dict(data_root=data_root, pipeline={{_base_.toy_instance_train}})
_val = dict(data_root=data_root, pipeline={{_base_.toy_images_test}})
data = dict(workers_per_gpu=1, train=dict(times=1, dataset=_train), val=_val, test=_val)
evaluation = dict(save_best='segm_mAP')
