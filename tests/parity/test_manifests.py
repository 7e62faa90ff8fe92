"""A state dict with exactly the keys and shapes of a published checkpoint loads strictly."""
import json
from pathlib import Path

import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector

from .cases import PARITY_DIR, ROOT

KITTI_R50 = ('configs/det/video_knet_kitti_step/video_knet_s3_r50_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_'
             'ffn_joint_train.py')
MANIFESTS = sorted(p for p in (PARITY_DIR / 'manifests').glob('*.json') if p.stem != 'index')


@pytest.mark.parametrize('path', MANIFESTS, ids=lambda p: p.stem)
def test_manifest_loads_strictly(path: Path) -> None:
    manifest = json.loads(path.read_text())
    # Variants have no config of their own; they differ from the KITTI-STEP R-50 config by the detector type only.
    config = ROOT / manifest.get('config', KITTI_R50)
    known = manifest.get('model_type') in (None, 'VideoKNetQuansiEmbedFC')
    if not known or not config.exists():
        pytest.skip(f'{path.stem}: no code of this project is concerned')
    cfg = Config.fromfile(str(config))
    cfg.model.type = manifest.get('model_type', cfg.model.type)
    cfg.model.backbone.init_cfg = None
    model = build_detector(cfg.model)
    published = {e['key']: torch.zeros(e['shape'], dtype=getattr(torch, e['dtype'])) for e in manifest['state_dict']}
    model.load_state_dict(published, strict=True)
    assert {k: v.dtype for k, v in model.state_dict().items()} == {k: v.dtype for k, v in published.items()}
    assert sum(p.numel() for p in model.parameters()) == manifest['num_parameters']
