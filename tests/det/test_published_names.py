"""Submodules stand where they belong and are saved under their published names, whatever saves or loads them."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Dict

import pytest
import torch
from mmcv.parallel import MMDataParallel
from mmcv.runner import EMAHook, save_checkpoint
from mmcv.runner.checkpoint import get_state_dict, load_checkpoint, load_state_dict

from knet.apis.checkpoint import load_weights
from knet.det.published_names import publish, published_names
from tests.models import build_toy_model, pair_batch, total

pytestmark = pytest.mark.slow

VIDEO, CLIP = 'configs/toy/video_knet_toy_kitti_step.py', 'configs/toy/knet_track_toy_youtubevis.py'
#: A place in the module tree, and its name in published checkpoints.
PLACES = {
    'video': {
        'roi_head.mask_head.2.track_link.attention.attn.out_proj.bias': (
            'roi_head.mask_head.2.attention_previous.attn.out_proj.bias'
        ),
        'roi_head.mask_head.0.track_link.ffn_norm.weight': 'roi_head.mask_head.0.link_ffn_norm.weight',
        'embedding.embed_fcs.0.weight': 'embed_fcs.0.weight',
        'embedding.fc_embed.bias': 'fc_embed.bias',
    },
    'clip': {
        'tracker.fuse_frames.link.attention.attn.in_proj_weight': 'tracker.query_merge_attn.attn.in_proj_weight',
        'tracker.mask_head.1.fuse_frames.link.ffn_norm.bias': 'tracker.mask_head.1.query_merge_ffn_norm.bias',
    },
}


def build(kind: str) -> torch.nn.Module:
    if kind == 'video':
        return build_toy_model(VIDEO)
    return build_toy_model(CLIP, tracker__query_merge_method='attention')


@pytest.fixture(scope='module', params=sorted(PLACES))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope='module')
def model(kind: str) -> torch.nn.Module:
    return build(kind)


def changed(state: Dict[str, torch.Tensor]) -> Dict[str, torch.Tensor]:
    """Return other weights under the same names."""
    return {key: value + 1 if value.is_floating_point() else value for key, value in state.items()}


def same(first: Dict[str, torch.Tensor], second: Dict[str, torch.Tensor]) -> bool:
    return list(first) == list(second) and all(torch.equal(first[key], second[key]) for key in first)


def test_names(kind: str, model: torch.nn.Module) -> None:
    places, state = dict(model.named_parameters()), model.state_dict(keep_vars=True)
    for place, name in PLACES[kind].items():
        assert state[name] is places[place] and place not in state and name not in places
    assert published_names(model)[place] == name
    # Every part of the network is a submodule, in the order of the state dict.
    parameters = [id(value) for value in state.values() if isinstance(value, torch.nn.Parameter)]
    assert parameters == [id(value) for value in model.parameters()]


def test_loads_strictly_what_it_saves(model: torch.nn.Module) -> None:
    weights, copied = changed(model.state_dict()), deepcopy(model)
    copied.load_state_dict(weights, strict=True)
    assert same(copied.state_dict(), weights) and not same(model.state_dict(), weights)


def test_wrapped(model: torch.nn.Module) -> None:
    wrapped = MMDataParallel(deepcopy(model), [])
    weights = {f'module.{key}': value for key, value in changed(model.state_dict()).items()}
    wrapped.load_state_dict(weights, strict=True)
    assert same(wrapped.state_dict(), weights)


def test_mmcv_saves_and_loads(kind: str, model: torch.nn.Module, tmp_path: Path) -> None:
    wrapped = MMDataParallel(deepcopy(model), [])
    assert same(get_state_dict(wrapped), model.state_dict())
    load_state_dict(wrapped, changed(model.state_dict()), strict=True)
    save_checkpoint(wrapped, str(tmp_path / 'a.pth'))
    other = build(kind)
    load_checkpoint(other, str(tmp_path / 'a.pth'), 'cpu', strict=True)
    assert same(other.state_dict(), changed(model.state_dict()))


def test_average_of_weights(kind: str) -> None:
    """Mmcv's hook keeps a buffer per parameter; after the swap the averages have the published names."""
    model = build(kind)
    before = dict(model.state_dict())
    runner = type('Runner', (), dict(model=model, iter=0))()
    hook = EMAHook(momentum=0.5, interval=1, warm_up=1)
    hook.before_run(runner)
    averaged = deepcopy(model)
    hook.before_train_epoch(runner)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    hook.after_train_iter(runner)
    hook.after_train_epoch(runner)
    saved = {key: value for key, value in model.state_dict().items() if not key.startswith('ema_')}
    assert list(saved) == list(before)
    averaged.load_state_dict(model.state_dict(), strict=True)
    assert same(averaged.state_dict(), model.state_dict())


def test_missing_and_misshapen_weights_are_reported_by_published_names(kind: str, model: torch.nn.Module) -> None:
    name, other = list(PLACES[kind].values())[:2]
    weights = dict(model.state_dict())
    del weights[name]
    weights[other] = torch.zeros(3)
    report = load_weights(deepcopy(model), weights)
    assert report.missing == [name] and [key for key, _, _ in report.mismatched] == [other]
    assert report.unexpected == [] and report.loaded == report.total - 2


def test_training_reaches_the_links() -> None:
    model = build('video').train()
    total(model.forward_train(**pair_batch([2], [2]))).backward()
    link = model.roi_head.mask_head[-1].track_link
    assert all(parameter.grad is not None for parameter in (*link.parameters(), *model.embedding.parameters()))


def test_order_stays() -> None:
    def owner() -> Any:
        module = torch.nn.Sequential(*(torch.nn.Linear(1, 1, bias=False) for _ in range(3)))
        publish(module, {'1': 'middle'})
        return torch.nn.ModuleDict(dict(first=module, second=torch.nn.Linear(1, 1, bias=False)))

    names = ['first.0.weight', 'first.middle.weight', 'first.2.weight', 'second.weight']
    assert list(owner().state_dict()) == names
