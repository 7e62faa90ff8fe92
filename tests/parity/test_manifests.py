"""A state dict with exactly the keys and shapes of a published checkpoint loads strictly."""

import json
from pathlib import Path

import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector

from knet.backbones.swin_keys import to_mmdet
from tests.models import uninitialised

from .cases import PARITY_DIR, ROOT, VARIANTS

pytestmark = pytest.mark.slow

MANIFESTS = sorted(p for p in (PARITY_DIR / 'manifests').glob('*.json') if p.stem != 'index')


@pytest.mark.parametrize('path', MANIFESTS, ids=lambda p: p.stem)
def test_manifest_loads_strictly(path: Path) -> None:
    manifest = json.loads(path.read_text())
    config = ROOT / (VARIANTS.get(manifest.get('model_type')) or manifest['config'])
    if not config.exists():
        pytest.skip(f'{path.stem}: no code of this project is concerned')
    cfg = Config.fromfile(str(config))
    with uninitialised():
        model = build_detector(cfg.model)
    # One variant owned a second semantic FPN that nothing used.
    entries = [e for e in manifest['state_dict'] if not e['key'].startswith('track_localization_fpn.')]
    unused = sum(torch.Size(e['shape']).numel() for e in manifest['state_dict'] if e not in entries)
    published = {e['key']: torch.zeros((), dtype=getattr(torch, e['dtype'])).expand(e['shape']) for e in entries}
    model.load_state_dict(published, strict=True)
    # Swin weights are published in the layout of its authors, which is converted while loading.
    expected = to_mmdet(published, 'backbone.') if 'backbone.layers.0.blocks.0.norm1.weight' in published else published
    assert {k: v.dtype for k, v in model.state_dict().items()} == {k: v.dtype for k, v in expected.items()}
    assert sum(p.numel() for p in model.parameters()) == manifest['num_parameters'] - unused
