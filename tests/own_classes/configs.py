"""Configs of very small models on data sets of :mod:`.painter`."""

from pathlib import Path
from typing import Any

from tests.tools.conftest import CONFIG, ROOT

_SHORT = """
runner = dict(_delete_=True, type='IterBasedRunner', max_iters=2)
checkpoint_config = dict(_delete_=True, by_epoch=False, interval=2)
evaluation = dict(by_epoch=False, interval=2)
log_config = dict(_delete_=True, interval=1, hooks=[dict(type='TextLoggerHook')])
"""
_VIDEO = """
_base_ = '{base}'
space = '{space}'
model = dict(label_space=space, test_cfg=dict(rcnn=dict(
    unassigned='{unassigned}', merge_stuff_thing=dict(instance_score_thr=0.0, overlap_thr=0.0))))
part = dict(type='{data_set}', data_root='{data}', label_space=space)
data = dict(train=dict(dataset=part), val=part, test=part)
evaluation = dict(save_best='{best}')
"""
_VSPW = """
_base_ = '{root}/configs/toy/video_knet_toy_vspw.py'
space = '{space}'
model = dict(label_space=space)
part = dict(data_root='{data}', label_space=space)
data = dict(workers_per_gpu=0, train=part, val=part, test=part)
"""
_COCO = """
_base_ = '{root}/configs/toy/knet_toy_coco_{kind}.py'
space = '{space}'
model = dict(label_space=space)
part = dict(data_root='{data}', label_space=space)
train, val = ({files}), ({files})
data = dict(samples_per_gpu=2, workers_per_gpu=0, train=dict(dataset=dict(**part, **train('train'), {stuff})),
            val=dict(**part, **val('val'), {panoptic}), test=dict(**part, **val('val'), {panoptic}))
"""
_VIS = """
_base_ = '{root}/configs/toy/knet_track_toy_youtubevis.py'
space = '{space}'
model = dict(label_space=space)
part = dict(data_root='{data}', label_space=space)
data = dict(samples_per_gpu=1, workers_per_gpu=0, train=part, val=part, test=part)
"""


def _write(path: Path, text: str, **values: Any) -> Path:
    path.write_text(text.format(root=ROOT, **values) + _SHORT)
    return path


def video_config(folder: Path, data_set: str, space: Path, unassigned: str) -> Path:
    """Write the config of a video model in classes of its own."""
    base = folder / 'tiny_base.py'
    base.write_text(CONFIG.format(root=ROOT, data=folder / 'data'))
    more = dict(base=base, data_set=data_set, data=folder / 'data', best='VPQ')
    return _write(folder / 'tiny.py', _VIDEO, space=space, unassigned=unassigned, **more)


def vspw_config(folder: Path, space: Path) -> Path:
    """Write the config of a semantic video model in classes of its own."""
    return _write(folder / 'tiny.py', _VSPW, space=space, data=folder / 'data')


def coco_config(folder: Path, kind: str, space: Path) -> Path:
    """Write the config of an image model, ``'panoptic'`` or ``'instance'``, in classes of its own."""
    if kind == 'panoptic':
        ann = "dict(ins_ann=f'annotations/instances_{n}.json', panoptic_ann=f'annotations/panoptic_{n}.json')"
        stuff, panoptic = "seg_prefix='panoptic_stuff_train'", "seg_prefix='panoptic_val'"
    else:
        ann, stuff, panoptic = "f'annotations/instances_{n}.json'", '', ''
    files = f'lambda n: dict(ann_file={ann}, img_prefix=n)'
    more = dict(files=files, stuff=stuff, panoptic=panoptic)
    return _write(folder / 'tiny.py', _COCO, kind=kind, space=space, data=folder / 'data', **more)


def vis_config(folder: Path, space: Path) -> Path:
    """Write the config of a clip model in classes of its own."""
    return _write(folder / 'tiny.py', _VIS, space=space, data=folder / 'data')
