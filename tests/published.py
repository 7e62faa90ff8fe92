"""Checkpoints in the form in which they were published in 2021."""

import json
import zipfile
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import torch

from knet.backbones import swin_keys

MANIFESTS = Path(__file__).parent / 'data' / 'parity' / 'manifests'
_KITTI = 'det__video_knet_kitti_step__video_knet_s3_{}_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_joint_{}'
#: Manifests of the original's KITTI-STEP models.
R50, SWIN_B = _KITTI.format('r50', 'train'), _KITTI.format('swinb', 'update')


def manifest_keys(name: str) -> List[str]:
    """Return the keys of a state dict of the original, in its order."""
    content = json.loads((MANIFESTS / f'{name}.json').read_text(encoding='utf-8'))
    return [entry['key'] for entry in content['state_dict']]


def numpy_of_2021(path: Path) -> None:
    """Rename the modules of numpy in a file of ``torch.save`` to those of numpy 1."""
    with zipfile.ZipFile(str(path)) as archive:
        records = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(str(path), 'w') as archive:
        for info, data in records:
            if info.filename.endswith('data.pkl'):
                data = data.replace(b'numpy._core.', b'numpy.core.')
            archive.writestr(info, data)


def _original_layout(tensors: Dict[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
    swin = any(key.startswith('backbone.stages.') for key in tensors)
    return dict(swin_keys.to_original(tensors, 'backbone.')) if swin else tensors


def publish_as_in_2021(native: Path, path: Path, manifest: str) -> Path:
    """Rewrite a checkpoint of this project as the original's programs wrote it.

    The keys are those of a manifest, in its order and with the prefix ``module.``; the optimiser numbers parameters in
    that order and has the entries of PyTorch 1.7; ``meta`` holds numbers of numpy 1 and no length of an epoch.

    Args:
        native: Checkpoint with an AdamW state.
        path: Where it goes.
        manifest: Name of the manifest.

    Returns:
        ``path``.
    """
    content = torch.load(str(native), weights_only=False)
    keys, weights = manifest_keys(manifest), _original_layout(content['state_dict'])
    assert set(weights) == set(keys)
    content['meta'].pop('iters_per_epoch')
    content['meta'].update(mmcv_version='1.3.18', hook_msgs=dict(best_score=np.float64(0.5), best_epoch=np.int64(3)))
    torch.save(
        dict(
            meta=content['meta'],
            state_dict={f'module.{key}': weights[key] for key in keys},
            optimizer=_old_optimizer(content, dict(zip(content['state_dict'], weights)), keys),
        ),
        str(path),
    )
    numpy_of_2021(path)
    return path


def _old_optimizer(content: Dict[str, Any], old_name: Dict[str, str], keys: List[str]) -> Dict[str, Any]:
    """Return the optimiser state of a checkpoint with the numbers and entries of 2021.

    Args:
        content: The checkpoint.
        old_name: Published names of its weights.
        keys: Order of the published names.
    """
    state, names = content['optimizer'], content['optimizer_names']
    groups = {number: group for group in state['param_groups'] for number in group['params']}
    number_of = dict(zip(names, groups))
    entries: Dict[str, Dict[str, Any]] = {}
    for quantity in ('exp_avg', 'exp_avg_sq'):
        held = {name: state['state'][n][quantity] for name, n in number_of.items() if n in state['state']}
        for key, value in _original_layout(held).items():
            entries.setdefault(key, {})[quantity] = value
    steps = {old_name[name]: int(state['state'][n]['step']) for name, n in number_of.items() if n in state['state']}
    group_of = {old_name[name]: groups[n] for name, n in number_of.items()}
    ordered = [key for key in keys if key in group_of]
    settings = ('lr', 'betas', 'eps', 'weight_decay', 'amsgrad', 'initial_lr')
    return dict(
        state={n: dict(entries[key], step=steps[key]) for n, key in enumerate(ordered) if key in entries},
        param_groups=[
            dict({name: group_of[key][name] for name in settings}, params=[n]) for n, key in enumerate(ordered)
        ],
    )
