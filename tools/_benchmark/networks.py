"""The models that are measured: ours and mmdet's, all with random weights."""

from pathlib import Path
from typing import Any

import torch
from mmcv import Config
from torch import nn

from knet.apis.config import build_model, load_config
from knet.apis.inference import init_model, without_pretrained
from knet.apis.optimize import optimize_model
from knet.apis.train import initialise_weights
from knet.utils.cli import UsageError

#: Name -> config file below the configs that mmdet installs.
YARDSTICKS = dict(
    panoptic_fpn='panoptic_fpn/panoptic_fpn_r50_fpn_1x_coco.py',
    mask2former='mask2former/mask2former_r50_lsj_8x2_50e_coco-panoptic.py',
)
#: Optimiser of their training steps.
YARDSTICK_OPTIMIZER = dict(type='AdamW', lr=1e-4)


def yardstick(name: str) -> nn.Module:
    """Build one of mmdet's models, see :data:`YARDSTICKS`, on the CPU in training mode.

    Raises:
        UsageError: If mmdet was installed without its configs.
    """
    import mmdet
    from mmdet.models import build_detector

    path = Path(mmdet.__file__).parent / '.mim/configs' / YARDSTICKS[name]
    if not path.is_file():
        raise UsageError(f'mmdet was installed without its configs: {path}')
    torch.manual_seed(0)
    model = build_detector(without_pretrained(Config.fromfile(str(path)).model))
    initialise_weights(model)
    return model


def inference_model(config: str, device: str = 'cpu', optimize: bool = False) -> Any:
    """Build the model of a config as it is used after training: in eval mode, batch norms folded."""
    torch.manual_seed(0)
    model = init_model(load_config(config), device=device)
    initialise_weights(model)
    model.eval()
    return optimize_model(model) if optimize else model


def training_model(config: str) -> Any:
    """Build the model of a config as training starts with it, on the CPU."""
    torch.manual_seed(0)
    cfg = load_config(config)
    cfg.model = without_pretrained(cfg.model)
    model = build_model(cfg)
    initialise_weights(model)
    return model.train()
