"""Losses are summed up and logged as MMDetection does it, with one copy from the device."""

import torch
from mmdet.models.detectors import BaseDetector

from knet.det.logged_losses import parse_losses
from tests.helpers.pretend_device import pretend_device, to_device

LOSSES = dict(
    loss_a=torch.tensor([1.5, 0.1]),
    loss_b=[torch.tensor([0.3, 0.7]), torch.tensor(1 / 3)],
    pos_acc=torch.tensor([99.0]),
    s0_loss_half=torch.tensor(0.2, dtype=torch.bfloat16),
)


def test_numbers_are_those_of_mmdet() -> None:
    expected, found = BaseDetector._parse_losses(None, LOSSES), parse_losses(LOSSES)
    assert torch.equal(found[0], expected[0])
    assert list(found[1].items()) == list(expected[1].items())


def test_the_host_waits_once() -> None:
    with pretend_device() as waits:
        parse_losses(to_device(LOSSES))
        assert sum(waits.reads.values()) == 1
