"""All kinds of models run on an accelerator: no mixing of devices, results of the CPU, few waits."""

from typing import Any, Dict, List

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.gpu.kinds import KINDS, frame_meta, frames
from tests.helpers.pretend_device import Waits, pretend_device, to_device
from tests.models import SIZE, clip_batch, pair_batch, total

from .networks import COCO, COCO_PANOPTIC, KITTI_STEP, YOUTUBE_VIS, narrow_model

CPU = torch.device('cpu')


def train_step(model: nn.Module, batch: Dict[str, Any]) -> List[Tensor]:
    """Return losses and gradients of a step on the CPU."""
    losses = model.train()(**batch)
    total(losses).backward()
    return [value.detach().cpu() for value in losses.values()] + [
        p.grad.cpu() for p in model.parameters() if p.grad is not None
    ]


@pytest.mark.parametrize('name', KINDS)
def test_a_step_is_that_of_the_cpu(name: str) -> None:
    kind = KINDS[name]
    expected = train_step(kind.model(CPU), kind.batch())
    with pretend_device():
        found = train_step(to_device(kind.model(CPU)), to_device(kind.batch()))
    assert len(found) == len(expected) and all(torch.equal(a, b) for a, b in zip(found, expected))


@pytest.mark.parametrize('name', KINDS)
def test_predictions_are_those_of_the_cpu(name: str) -> None:
    kind = KINDS[name]
    with torch.no_grad():
        expected = kind.predict(kind.model(CPU).eval(), frames(3, CPU))
        with pretend_device():
            found = kind.predict(to_device(kind.model(CPU)).eval(), to_device(frames(3, CPU)))
    assert len(found) == len(expected) and all(np.array_equal(a, b) for a, b in zip(found, expected))


def assert_few(waits: Waits, reads: int, uploads: int) -> None:
    """Compare what was waited for since the last call with a budget; a failure shows the lines."""
    for what, found, most in (('reads', waits.reads, reads), ('uploads', waits.uploads, uploads)):
        lines = '\n'.join(f'{number:3} {line}' for line, number in found.items())
        assert sum(found.values()) <= most, f'{sum(found.values())} {what}, at most {most} were allowed:\n{lines}'
    waits.clear()


def test_waits_of_a_streaming_frame() -> None:
    """The third frame, with things that are tracked: the network never waits."""
    with pretend_device() as waits, torch.no_grad():
        model, video = to_device(narrow_model(KITTI_STEP)).eval(), to_device(frames(3, CPU))
        memory = model.new_stream()
        for i in range(3):
            waits.clear()
            output = model.forward_network(video[i : i + 1], frame_meta(i), memory)
            assert_few(waits, reads=0, uploads=0)
            prediction = model.begin_frame(output, dict(frame_meta(i), batch_input_shape=SIZE), memory)()
        assert sum(segment.track_id > 0 for segment in prediction.segments) >= 3
        assert_few(waits, reads=3, uploads=0)


def test_waits_of_a_semantic_frame() -> None:
    """None at all, until its map is asked for."""
    kind = KINDS['semantic']
    with pretend_device() as waits:
        model, video = to_device(kind.model(CPU).eval()), to_device(frames(2, CPU))
        memory = model.new_stream()
        model.step(video[:1], frame_meta(0), memory)
        waits.clear()
        finish = model.begin_step(video[1:], frame_meta(1), memory)
        assert_few(waits, reads=0, uploads=0)
    assert finish().semantic.shape == SIZE


def test_waits_of_a_training_pair() -> None:
    with pretend_device() as waits:
        model, batch = to_device(narrow_model(KITTI_STEP)), to_device(pair_batch([4], [3]))
        waits.clear()
        loss = model.train().train_step(batch, None)['loss']
        assert_few(waits, reads=11, uploads=0)  # one of them for the log
        loss.backward()
        assert_few(waits, reads=0, uploads=0)


def test_waits_of_a_training_clip() -> None:
    with pretend_device() as waits:
        model, batch = to_device(narrow_model(YOUTUBE_VIS)), to_device(clip_batch([[2, 1]]))
        waits.clear()
        loss = model.train().train_step(batch, None)['loss']
        assert_few(waits, reads=12, uploads=0)  # one of them for the log
        loss.backward()
        assert_few(waits, reads=0, uploads=0)


@pytest.mark.parametrize('name, reads, uploads', [(COCO, 2, 0), (COCO_PANOPTIC, 3, 0)])
def test_waits_of_an_image(name: str, reads: int, uploads: int) -> None:
    with pretend_device() as waits:
        model, image = to_device(narrow_model(name)).eval(), to_device(frames(1, CPU))
        waits.clear()
        model.simple_test(image, [frame_meta(0)])
        assert_few(waits, reads=reads, uploads=uploads)


def test_waits_of_a_whole_video() -> None:
    """Features go to a file and come back; every frame leaves as masks."""
    with pretend_device() as waits:
        model, video = to_device(narrow_model(YOUTUBE_VIS)).eval(), to_device(frames(6, CPU))
        waits.clear()
        model.predict_video([video], frame_meta(0))
        assert_few(waits, reads=12, uploads=4)
