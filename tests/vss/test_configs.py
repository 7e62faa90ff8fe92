"""Every shipped config of VSS builds, trains a step's worth of losses and predicts."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from mmcv.cnn.utils import revert_sync_batchnorm
from torch import nn

from knet.apis import build_model, load_config
from knet.apis.inference import without_pretrained
from tests.models import ROOT, SIZE, meta

pytestmark = pytest.mark.slow

CONFIGS = sorted((ROOT / 'configs' / 'vss').rglob('*.py'))


def shrink(settings: Any) -> Any:
    """Return the same model with an eighth of the channels, so that all configs together take seconds."""
    widths = {
        'in_channels',
        'out_channels',
        'channels',
        'feat_channels',
        'feedforward_channels',
        'c1_in_channels',
        'c1_channels',
        'embed_dims',
        'base_channels',
        'stem_channels',
    }

    def smaller(value: Any) -> Any:
        return [v // 8 for v in value] if isinstance(value, list) else value // 8

    if isinstance(settings, dict):
        return type(settings)(
            {key: smaller(value) if key in widths else shrink(value) for key, value in settings.items()}
        )
    if isinstance(settings, (list, tuple)):
        return type(settings)(shrink(item) for item in settings)
    return settings


def build_small(path: Path) -> nn.Module:
    cfg = load_config(str(path))
    model = shrink(without_pretrained(cfg.model))
    if 'ResNet' in model.backbone.type:
        model.backbone.update(base_channels=8, stem_channels=8)
    else:
        model.backbone.update(num_heads=[1, 2, 4, 8])
    cfg.model = model
    torch.manual_seed(0)
    return revert_sync_batchnorm(build_model(cfg))


def batch(path: Path) -> Dict[str, Any]:
    """Return two samples as the config's data set makes them: pairs if it has references."""
    labels = torch.randint(0, 124, (2, 1, *SIZE))
    sample = dict(img=torch.randn(2, 3, *SIZE), img_metas=[meta(), meta()], gt_semantic_seg=labels)
    if load_config(str(path)).data.train.ref_seq_index:
        sample.update(
            ref_img=torch.randn(2, 1, 3, *SIZE), ref_img_metas=[[meta()], [meta()]], ref_gt_semantic_seg=labels[:, None]
        )
    return sample


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_trains_and_predicts(path: Path) -> None:
    model = build_small(path).train()
    losses = model.forward_train(**batch(path))
    loss = sum(value for name, value in losses.items() if 'loss' in name)
    loss.backward()
    unused: List[str] = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert torch.isfinite(loss) and not unused, unused
    linked = 'video_knet' in path.stem
    assert (model.decode_head.link is not None) == linked
    assert {'aux.loss_ce', 'decode.loss_ce.s0', 'decode.loss_ce.s3'} <= set(losses)
    memory = model.eval().new_stream()
    for frame in range(2):
        prediction = model.step(torch.randn(1, 3, *SIZE), meta(frame_id=frame), memory)
    assert prediction.semantic.shape == SIZE and prediction.semantic.max() < 124


def test_there_is_a_baseline_for_every_video_model() -> None:
    names = {path.stem for path in CONFIGS}
    assert len(names) == 8
    assert {name.replace('video_knet', 'knet').replace('8x1', '8x2') for name in names if name.startswith('video')} == {
        name for name in names if not name.startswith('video')
    }


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_schedule_is_that_of_mmsegmentation(path: Path) -> None:
    """16 frames per iteration on eight GPUs, 80000 of them, the rates of mmseg's K-Net."""
    cfg = load_config(str(path))
    frames_per_sample = 2 if cfg.data.train.ref_seq_index else 1
    assert 8 * cfg.data.samples_per_gpu * frames_per_sample == 16
    assert cfg.runner.max_iters == 80000 and cfg.lr_config.step == [60000, 72000] and not cfg.lr_config.by_epoch
    assert cfg.optimizer.lr == (6e-5 if 'swin' in path.stem else 1e-4) and cfg.optimizer.weight_decay == 5e-4
    assert cfg.checkpoint_config.by_epoch is False
    assert cfg.evaluation.metric == ['miou', 'vc'] and cfg.evaluation.interval == 8000
