"""Reader of the parity data: what the original implementation computes.

The folder is named by ``PARITY_DIR``; the default is the copy in
``tests/data/parity``. Cases that concern code which does not exist are skipped
by name.
"""

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Tuple

import numpy as np
import torch

from knet.backbones import SwinTransformerDIY, swin_keys

from .edges import out_of_tolerance

ROOT = Path(__file__).resolve().parents[2]
PARITY_DIR = Path(os.environ.get('PARITY_DIR') or ROOT / 'tests' / 'data' / 'parity')


def _load_fill() -> ModuleType:
    spec = importlib.util.spec_from_file_location('parity_fill', str(PARITY_DIR / 'fill.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fill = _load_fill()


def case_names() -> List[str]:
    return sorted(p.stem for p in (PARITY_DIR / 'fixtures').glob('*.json'))


#: Detectors without a config in the original, by type.
VARIANTS = {
    kind: f'configs/det/video_knet_kitti_step/video_knet_s3_r50_kitti_step_{name}.py'
    for kind, name in dict(
        VideoKNetQuansiEmbedFC='embed_fc',
        VideoKNetQuansiEmbedFCToy='toy',
        VideoKNetQuansiTrack='mask_pool',
        VideoKNetQuansiTrackROIGTBox='roi',
        VideoKNetQuansiTrackROIGTBoxJointTrain='roi_joint_train',
    ).items()
}


def fill_original(model: torch.nn.Module, prefix: str = 'backbone.') -> torch.nn.Module:
    """Deterministic weights by the *original* names, which differ for a Swin backbone under ``prefix``."""
    if not any(isinstance(module, SwinTransformerDIY) for module in model.modules()):
        return fill.fill_(model)
    weights = swin_keys.to_original(model.state_dict(), prefix)
    for key, tensor in weights.items():
        value = fill.weight(key, tensor.shape, str(tensor.dtype).replace('torch.', ''))
        if value is not None:
            weights[key] = torch.from_numpy(np.ascontiguousarray(value)).reshape(tensor.shape)
    model.load_state_dict(weights, strict=True)
    return model


class Case:
    """One fixture: description, inputs and expected outputs."""

    def __init__(self, name: str) -> None:
        self.spec = json.loads((PARITY_DIR / 'fixtures' / f'{name}.json').read_text())
        arrays = PARITY_DIR / 'fixtures' / f'{name}.npz'
        self.arrays = dict(np.load(str(arrays))) if arrays.exists() else {}
        self.name = name

    def __getitem__(self, key: str) -> Any:
        return self.spec[key]

    @property
    def outputs(self) -> Dict[str, Any]:
        return self.spec['outputs']

    def input(self, name: str) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(fill.realise(self.spec['inputs'][name], self.arrays)))

    def expected(self, name: str) -> np.ndarray:
        """Return the stored array of an output in full shape; only for outputs that are stored whole."""
        want = self.outputs[name]
        if want.get('packbits'):
            size = int(np.prod(want['shape']))
            bits = np.unpackbits(self.arrays[f'out_{name}'])[:size]
            return bits.reshape(want['shape']).astype(bool)
        if not int(np.prod(want['shape'])):
            return np.zeros(want['shape'])
        assert want['step'] == 1
        return self.arrays[want['npz']].reshape(want['shape'])

    def _sampled(self, name: str, value: torch.Tensor) -> Tuple[np.ndarray, np.ndarray]:
        """Return the stored elements of an output, and ours."""
        want = self.outputs[name]
        array = value.detach().cpu().numpy()
        assert list(array.shape) == want['shape'], (name, array.shape, want['shape'])
        return fill.sample(array, want['step']), self.arrays[want['npz']].reshape(-1)

    def _limits(self, **tolerance: float) -> Dict[str, float]:
        return {**{k: self.spec['tolerance'][k] for k in ('rtol', 'atol') if k in self.spec['tolerance']}, **tolerance}

    def check(self, name: str, value: torch.Tensor, **tolerance: float) -> None:
        """Compare one output within the stated tolerance."""
        mine, stored = self._sampled(name, value)
        np.testing.assert_allclose(mine, stored, err_msg=f'{self.name}: {name}', **self._limits(**tolerance))

    def mismatch(self, outputs: Dict[str, torch.Tensor]) -> int:
        """Return the number of stored elements of some outputs that are not within the stated tolerance."""
        return sum(out_of_tolerance(*self._sampled(name, value), **self._limits()) for name, value in outputs.items())

    def losses_mismatch(self, name: str, losses: Dict[str, torch.Tensor]) -> int:
        """Return the number of losses that are not within the stated tolerance."""
        pairs = [(float(value.detach()), self.outputs[name].get(key)) for key, value in losses.items()]
        mine, want = np.array([pair for pair in pairs if pair[1] is not None]).T
        return out_of_tolerance(mine, want, **self._limits())

    def check_losses(self, name: str, losses: Dict[str, torch.Tensor], **tolerance: float) -> None:
        """Compare a dict of scalar losses; the key sets must be equal, too."""
        want = dict(self.outputs[name])
        total = want.pop('loss', None)
        # Without things the original misnames its zero rank loss.
        if 'loss_rank' in want and 'loss_rpn_mask' in want:
            want['loss_rpn_rank'] = want.pop('loss_rank')
        mine = {key: float(value) for key, value in losses.items()}
        assert set(mine) == set(want), set(mine) ^ set(want)
        tolerance = tolerance or {'rtol': self.spec['tolerance']['rtol'], 'atol': self.spec['tolerance']['atol']}
        for key, value in want.items():
            np.testing.assert_allclose(mine[key], value, err_msg=f'{self.name}: {name}.{key}', **tolerance)
        if total is not None:
            mine_total = sum(value for key, value in mine.items() if 'loss' in key)
            np.testing.assert_allclose(mine_total, total, **tolerance)

    def check_map(self, name: str, value: np.ndarray) -> None:
        """Compare an integer map: at most a fraction of its pixels may differ."""
        want = self.expected(name)
        assert value.shape == want.shape
        limit = self.spec['tolerance'].get('maps_fraction_different', 0)
        assert np.mean(value.astype(np.int64) != want) <= limit, name


# Constructor arguments of the original that had no effect or had one value everywhere.
_DROPPED = {
    'ConvKernelHead': (
        'num_classes',
        'cat_stuff_mask',
        'conv_kernel_size',
        'feat_refine_stride',
        'feat_refine',
        'use_binary',
        'num_loc_convs',
        'num_seg_convs',
        'conv_normal_init',
        'proposal_feats_with_obj',
        'xavier_init_kernel',
        'kernel_init_std',
        'num_cls_fcs',
        'feat_transform_cfg',
    ),
    'SemanticFPNWrapper': (
        'start_level',
        'end_level',
        'cat_coors',
        'cat_coors_level',
        'fuse_by_cat',
        'return_list',
        'num_aux_convs',
    ),
    'KernelUpdateHead': (
        'num_classes',
        'out_channels',
        'dropout',
        'mask_thr',
        'conv_kernel_size',
        'ffn_act_cfg',
        'with_ffn',
        'feat_transform_cfg',
        'previous',
        'num_proposals',
    ),
    'KernelUpdator': ('input_feat_shape',),
    'KernelIterHead': ('do_panoptic', 'proposal_feature_channel', 'with_track', 'merge_joint'),
    'MSDeformAttnPixelDecoder': ('return_one_list',),
    'L2Loss': ('pos_margin', 'hard_mining'),
    'DiceCost': ('pred_act',),
    'MaskCost': ('pred_act',),
}
_SCOPED = ('DiceCost', 'MaskCost', 'MaskHungarianAssigner', 'MaskHungarianAssignerVideo')


def modern(cfg: Any) -> Any:
    """Rewrite a constructor config of the original to today's arguments."""
    if isinstance(cfg, (list, tuple)):
        return [modern(c) for c in cfg]
    if not isinstance(cfg, dict):
        return cfg
    kind = cfg.get('type', '')
    base = kind.replace('Video', '') if kind.replace('Video', '') in _DROPPED else kind
    cfg = {k: modern(v) for k, v in cfg.items() if k not in _DROPPED.get(base, ())}
    if kind in _SCOPED:
        cfg['type'] = f'knet.{kind}'
    if base == 'ConvKernelHead':
        cfg['norm_cfg'] = dict(type='GN', num_groups=32)
    return cfg
