"""A GPU computes what the CPU computes, in every kind of model and in every way to compute."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from knet.apis.optimize import optimize_model
from knet.apis.running import inference_context
from knet.utils.precision import HALF, allow_tf32
from tests.models import total

from .kinds import KINDS, Kind, frame_meta, frames, to_device

CPU = torch.device('cpu')


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


def losses_of(model: nn.Module, batch: Dict[str, Any]) -> Dict[str, Tensor]:
    """Return all losses of a step; norms use their running statistics."""
    return {name: value.detach().float().cpu() for name, value in model.eval()(**batch).items()}


def leaves(output: Any) -> Iterator[Tensor]:
    """Yield the tensors of a network's output."""
    if torch.is_tensor(output):
        yield output.detach().float().cpu()
    elif hasattr(output, '__dataclass_fields__'):
        for name in output.__dataclass_fields__:
            yield from leaves(getattr(output, name))
    elif isinstance(output, (list, tuple)):
        for item in output:
            yield from leaves(item)


def assert_near(found: Any, expected: Any, relative: float) -> None:
    """Compare two outputs of a network by the norm of their difference, tensor by tensor."""
    pairs = list(zip(leaves(found), leaves(expected)))
    assert pairs
    for a, b in pairs:
        assert torch.isfinite(a).all() and (a - b).norm() <= relative * b.norm() + 1e-6


def agreement(found: List[Any], expected: List[Any]) -> float:
    """Share of pixels on which two lists of maps agree."""
    assert len(found) == len(expected) > 0
    return sum(float((a == b).mean()) for a, b in zip(found, expected)) / len(found)


def test_losses_are_those_of_the_cpu(kind: Kind, device: torch.device) -> None:
    expected, found = (losses_of(kind.model(d), to_device(kind.batch(), d)) for d in (CPU, device))
    for name, value in expected.items():
        torch.testing.assert_close(
            found[name], value, rtol=5e-3, atol=1e-3, msg=lambda text, name=name: f'{name}: {text}'
        )


def test_gradients_are_those_of_the_cpu(kind: Kind, device: torch.device) -> None:
    grads = []
    for d in (CPU, device):
        model = kind.model(d).eval()
        total(model(**to_device(kind.batch(), d))).backward()
        grads.append({name: p.grad.cpu() for name, p in model.named_parameters() if p.grad is not None})
    assert set(grads[0]) == set(grads[1])
    norm = torch.stack([g.norm() for g in grads[0].values()]).norm()
    difference = torch.stack([(grads[1][name] - g).norm() for name, g in grads[0].items()]).norm()
    assert difference <= 1e-2 * norm


def test_predictions_are_those_of_the_cpu(kind: Kind, device: torch.device) -> None:
    with torch.inference_mode():
        expected, found = (kind.predict(kind.model(d).eval(), frames(3, d)) for d in (CPU, device))
    assert agreement(found, expected) > 0.98


@pytest.mark.parametrize('half', list(HALF))
def test_half_precision_is_close(kind: Kind, device: torch.device, half: str) -> None:
    """Features differ by rounding; what is decided by a threshold may differ by more, so losses are about the same."""
    model, batch, video = kind.model(device).eval(), to_device(kind.batch(), device), frames(3, device)
    plain_loss = sum(losses_of(model, batch).values())
    with torch.inference_mode():
        plain = model.extract_feat(video)
    with torch.autocast(device.type, dtype=HALF[half]):
        half_loss = sum(losses_of(model, batch).values())
        with torch.inference_mode():
            assert_near(model.extract_feat(video), plain, 3e-2)
            assert all(np.isfinite(part).all() for part in kind.predict(model, video))
    torch.testing.assert_close(half_loss, plain_loss, rtol=0.4, atol=0.1)


def test_tf32_is_close(kind: Kind, cuda: torch.device) -> None:
    model, video = kind.model(cuda).eval(), frames(3, cuda)
    with torch.inference_mode():
        expected = model.extract_feat(video)
        allow_tf32(True)
        assert_near(model.extract_feat(video), expected, 1e-2)


def test_channels_last_is_plain(kind: Kind, device: torch.device) -> None:
    model, video = kind.model(device).eval(), frames(2, device)
    with torch.inference_mode():
        expected = kind.network(model, video)
        model.to(memory_format=torch.channels_last)
        assert_near(kind.network(model, video.to(memory_format=torch.channels_last)), expected, 2e-2)


def test_a_compiled_network_is_plain(device: torch.device, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of images only, because compilers take minutes; on a CPU none is called."""
    kind = KINDS['image']
    if device.type == 'cpu':
        monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    model, video = kind.model(device).eval(), frames(3, device)
    with torch.inference_mode():
        expected = kind.network(model, video)
        assert_near(kind.network(optimize_model(model, 'compile'), video), expected, 1e-2)


def test_a_graph_replays_the_network(cuda: torch.device) -> None:
    """The first frame is linked to none, the others to the one before them."""
    kind = KINDS['stream']
    model, video = kind.model(cuda).eval(), frames(4, cuda)
    with torch.inference_mode():
        expected = kind.network(model, video)
        predicted = kind.predict(model, video)
        optimize_model(model, 'graph')
        for _ in range(2):  # recorded, and replayed for another stream
            assert_near(kind.network(model, video), expected, 1e-2)
        assert agreement(kind.predict(model, video), predicted) > 0.98


@pytest.mark.parametrize('half', ['fp16', 'bf16'])
def test_a_graph_keeps_half_precision(cuda: torch.device, half: str) -> None:
    """Frames run under a context each, as the tools run them."""
    kind, maps = KINDS['stream'], []
    video = frames(4, cuda)
    for way in (False, 'graph'):
        model = optimize_model(kind.model(cuda).eval(), way)
        memory = model.new_stream()
        for i in range(len(video)):
            with inference_context(cuda, half):
                output = model.forward_network(video[i : i + 1], frame_meta(i), memory)
        maps.append(output.stage.masks.float())
    assert_near(maps[1], maps[0], 5e-2)


def test_the_network_never_waits_for_the_gpu(kind: Kind, cuda: torch.device) -> None:
    model, video = kind.model(cuda).eval(), frames(2, cuda)
    with torch.inference_mode():
        kind.network(model, video)
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode('error')
        try:
            kind.network(model, video)
        finally:
            torch.cuda.set_sync_debug_mode('default')


def test_another_thread_waits_for_the_maps(cuda: torch.device) -> None:
    """While the next frames are computed, which use the same memory again."""
    kind = KINDS['stream']
    model, video = kind.model(cuda).eval(), frames(4, cuda)
    expected, memory = kind.predict(model, video), model.new_stream()
    with ThreadPoolExecutor(1) as pool:
        pending = []
        for i in range(len(video)):
            with inference_context(cuda):
                pending.append(pool.submit(model.begin_step(video[i : i + 1], frame_meta(i), memory)))
        found = [future.result() for future in pending]
    maps = [part for p in found for part in (p.semantic, p.instance, p.panoptic)]
    assert agreement(maps, expected) > 0.98


def test_a_long_stream_does_not_grow(cuda: torch.device) -> None:
    kind = KINDS['stream']
    model, video = kind.model(cuda).eval(), frames(4, cuda)
    memory, used = model.new_stream(), []
    for frame in range(200):
        meta = dict(img_shape=(*video.shape[2:], 3), ori_shape=(*video.shape[2:], 3), video_id=0, frame_id=frame)
        model.step(video[frame % 4 : frame % 4 + 1], meta, memory)
        used.append(torch.cuda.memory_allocated())
    assert max(used[150:]) - max(used[30:60]) < 2**20
