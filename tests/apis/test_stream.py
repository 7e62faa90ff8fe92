"""Streams over data sets: sharding, resuming, background writing, images."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from knet.apis import build_data, init_model, load_config, optimize_model, run_images, stream_videos
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.utils.background import BackgroundWriter
from knet.utils.shards import shard_videos
from tests.models import build_toy_model

pytestmark = pytest.mark.slow


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 5))
def test_shards_cover_all_videos_once(lengths: list, ranks: int) -> None:
    videos = OrderedDict((number, list(range(length))) for number, length in enumerate(lengths))
    shards = [shard_videos(videos, rank, ranks) for rank in range(ranks)]
    assert sorted(video for shard in shards for video in shard) == list(videos)
    loads = [sum(lengths[video] for video in shard) for shard in shards]
    assert max(loads) - min(loads) <= max(lengths, default=0)


@pytest.mark.parametrize('workers', [0, 1])
def test_streams_are_written_and_resumed(config: Path, tmp_path: Path, workers: int) -> None:
    cfg = load_config(str(config))
    dataset, model = build_data(cfg, 'test'), init_model(cfg)
    writer = PredictionWriter(tmp_path / 'out', meta=dict(run='1'))
    assert stream_videos(model, dataset, writer, workers=workers, show_progress=False) == 12
    writer.close()
    reader, truth = PredictionReader(tmp_path / 'out'), dataset.ground_truth()
    for video in truth.videos():
        assert list(reader.frames(video)) == truth.frames(video)
        for frame in truth.frames(video):
            for stored, true in zip(reader.read(video, frame), truth.read(video, frame)):
                assert np.array_equal(stored, true)
    again = PredictionWriter(tmp_path / 'out', meta=dict(run='1'))
    assert stream_videos(model, dataset, again, workers=workers, show_progress=False) == 0


def test_images_are_counted_in_order(config: Path) -> None:
    cfg = load_config(str(config), {'model.type': 'FakeImageModel'})
    dataset, seen = build_data(cfg, 'test'), []
    counts = run_images(init_model(cfg), dataset, lambda index, *_: seen.append(index), show_progress=False)
    assert seen == list(range(12))
    assert dataset.evaluate(counts) == dict(mIoU=1.0)


def test_background_errors_reach_the_caller() -> None:
    def fail() -> None:
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'), BackgroundWriter() as background:
        background.submit(fail)
    with pytest.raises(OSError, match='disk full'), BackgroundWriter() as background:
        for _ in range(100):
            background.submit(fail)


def test_pretrained_weights_are_not_fetched(config: Path) -> None:
    cfg = load_config(str(config), {'model.init_cfg': dict(type='Pretrained', checkpoint='/absent.pth')})
    assert init_model(cfg).init_cfg is None
    assert isinstance(next(init_model(cfg).parameters()), torch.Tensor)


def test_optimised_models_compute_the_same() -> None:
    from torch import nn

    class Net(nn.Module):
        """Backbone of two levels and a neck that up-samples one."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())
            self.neck = Neck()

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            level = self.backbone(image)
            return self.neck((level, level[..., ::2, ::2].contiguous()))[0]

    class Neck(nn.Module):
        """Sums two levels."""

        def forward(self, levels: tuple) -> tuple:
            fine, coarse = levels
            return (fine + nn.functional.interpolate(coarse, size=fine.shape[-2:]),)

    model = Net().eval()
    model.backbone[1].running_mean.normal_()
    images = [torch.randn(1, 3, 8, width) for width in (8, 12, 8)]
    with torch.inference_mode():
        expected = [model(image) for image in images]
        optimize_model(model)
        for image, value in zip(images, expected):
            assert torch.allclose(model(image), value, atol=1e-6)


def test_published_model_is_optimised() -> None:
    """Its neck hands on a pending convolution, which cannot be traced; its backbone can."""
    model = build_toy_model('configs/det/knet_cityscapes_step/knet_s3_r50_fpn.py', backbone__init_cfg=None).eval()
    image = torch.randn(1, 3, 96, 64)
    with torch.inference_mode():
        expected = model.forward_dummy(image)
        torch.testing.assert_close(optimize_model(model).forward_dummy(image), expected, rtol=1e-3, atol=1e-3)
