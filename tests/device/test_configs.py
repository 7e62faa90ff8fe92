"""The network of every config trains a step and predicts on an accelerator; those that run the same code run once."""

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector
from torch import nn

from knet.det.protocols import ClipModel, StreamModel
from knet.labels import get_label_space
from knet.structures import InstancePrediction
from tests.helpers.pretend_device import pretend_device, to_device
from tests.models import SIZE, meta, total
from tests.test_configs import batch_for, distinct, load, shrunken
from tests.vss import test_configs as semantic

pytestmark = pytest.mark.slow


def code_of(value: Any) -> Any:
    """Return what decides which code a network runs: how large a number is, if it is more than one, does not."""
    if isinstance(value, dict):
        kept = {key: code_of(item) for key, item in value.items() if key != 'label_space'}
        return (
            {**kept, 'stuff': get_label_space(value['label_space']).num_stuff > 0} if 'label_space' in value else kept
        )
    if isinstance(value, (list, tuple)):
        return [code_of(item) for item in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return min(value, 2) if is_number and value >= 0 else value


def networks() -> List[str]:
    """Return one config of the K-Nets of each code."""
    seen: Dict[str, str] = {}
    for name in distinct():
        seen.setdefault(json.dumps(code_of(shrunken(load(name))), sort_keys=True, default=str), name)
    return list(seen.values())


def assert_predicts(model: nn.Module) -> None:
    """Predict two frames, at another size than that of the input."""
    video, metas = to_device(torch.randn(2, 3, *SIZE)), [dict(meta(0, t), ori_shape=(48, 72, 3)) for t in range(2)]
    if isinstance(model, ClipModel):
        tracks = model.predict_video([video], metas[0])
        assert [code['size'] for track in tracks.segmentations for code in track] == [[48, 72]] * 20
        return
    memory = dict(memory=model.new_stream()) if isinstance(model, StreamModel) else {}
    for frame, frame_meta in zip(video, metas):
        inputs = dict(img=[frame[None]], img_metas=[[frame_meta]], **memory)
        prediction = model(return_loss=False, rescale=True, **inputs)[0]
        maps = prediction.masks[0] if isinstance(prediction, InstancePrediction) else prediction.semantic
        assert maps.shape == (48, 72)


def assert_trains(model: nn.Module, batch: Dict[str, Any]) -> None:
    """Train a step."""
    losses = model.train()(return_loss=True, **to_device(batch))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    assert any(parameter.grad is not None for parameter in model.parameters())


@pytest.mark.parametrize('name', networks(), ids=lambda name: name.replace('/', '-'))
def test_network_trains_and_predicts(name: str) -> None:
    torch.manual_seed(0)
    model = build_detector(Config(dict(model=shrunken(load(name)))).model)
    model.init_weights()
    with pretend_device():
        assert_trains(to_device(model), batch_for(model))
        assert_predicts(model.eval())


#: R-101 has more blocks than R-50, of the same code.
SEMANTIC = [path for path in semantic.CONFIGS if 'pspnet_r101' not in path.stem]


@pytest.mark.parametrize('path', SEMANTIC, ids=lambda path: path.stem)
def test_semantic_network_trains_and_predicts(path: Path) -> None:
    model = semantic.build_small(path)
    with pretend_device():
        assert_trains(to_device(model), semantic.batch(path))
        assert_predicts(model.eval())
