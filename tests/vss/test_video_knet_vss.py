"""Video K-Net for semantic segmentation: mmseg's K-Net without link; with it, streams and pairs."""

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest
import torch
from mmcv import Config
from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads import DepthwiseSeparableASPPHead
from torch import Tensor, nn

from knet.labels import get_label_space
from knet.video.memory import StreamMemory
from knet.vss import KernelSepASPPHead
from knet.vss.video_knet_vss import with_num_classes
from tests.models import ROOT, SIZE, build_toy_model, meta

pytestmark = pytest.mark.slow

LINKED, UNLINKED = 'configs/toy/video_knet_toy_vspw.py', 'configs/toy/knet_toy_vspw.py'
IDS = get_label_space('vspw_toy').dataset_ids


def mmseg_twin(model: nn.Module) -> EncoderDecoder:
    """Build mmseg's own K-Net with the weights of ``model``, all of them but the link's."""
    cfg = Config.fromfile(str(ROOT / UNLINKED)).model
    cfg.pop('type'), cfg.pop('label_space'), cfg.decode_head.pop('link')
    # mmseg wants in every head what VideoKNetVSS takes from the label space.
    for head in (cfg.decode_head.kernel_generate_head, *cfg.decode_head.kernel_update_head):
        head.num_classes = len(IDS)
    cfg.decode_head.type = 'IterativeDecodeHead'
    twin = EncoderDecoder(**cfg)
    weights = {key: value for key, value in model.state_dict().items() if '.link.' not in key}
    twin.load_state_dict(weights, strict=True)
    return twin.train(model.training)


def frames(count: int, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(count, 3, *SIZE)


def labels(count: int, seed: int = 0) -> Tensor:
    """Return (count, 1, H, W) dataset ids in patches, some of them void."""
    rng = np.random.RandomState(seed)
    patches = rng.choice(np.append(IDS, 255), (count, 1, SIZE[0] // 8, SIZE[1] // 8))
    return torch.from_numpy(patches.repeat(8, axis=2).repeat(8, axis=3))


def pair_batch(pairs: int) -> Dict[str, Any]:
    """Return the arguments of ``forward_train`` for pairs."""
    return dict(
        img=frames(pairs),
        img_metas=[meta() for _ in range(pairs)],
        gt_semantic_seg=labels(pairs),
        ref_img=frames(pairs, 1)[:, None],
        ref_img_metas=[[meta()] for _ in range(pairs)],
        ref_gt_semantic_seg=labels(pairs, 1)[:, None],
    )


def class_targets(ids: Tensor) -> Tensor:
    """Return the channels of the logits for dataset ids, 255 for void."""
    table = torch.full((256,), 255)
    table[torch.from_numpy(IDS)] = torch.arange(len(IDS))
    return table[ids]


@pytest.fixture(scope='module')
def linked() -> nn.Module:
    return build_toy_model(LINKED)


@pytest.fixture(scope='module')
def unlinked() -> nn.Module:
    return build_toy_model(UNLINKED)


def test_state_dict_is_mmsegs_plus_link(linked: nn.Module, unlinked: nn.Module) -> None:
    twin = mmseg_twin(unlinked)
    assert list(unlinked.state_dict()) == list(twin.state_dict())
    extra = set(linked.state_dict()) - set(twin.state_dict())
    assert extra and all(key.startswith('decode_head.link.') for key in extra)


def test_without_link_it_is_mmsegs_knet(unlinked: nn.Module) -> None:
    """Logits, losses and gradients; a pair counts as two frames."""
    twin, batch = mmseg_twin(unlinked.train()), pair_batch(2)
    losses = unlinked.forward_train(**batch)
    both = torch.cat([batch['img'], batch['ref_img'][:, 0]])
    targets = class_targets(torch.cat([batch['gt_semantic_seg'], batch['ref_gt_semantic_seg'][:, 0]]))
    expected = twin.forward_train(both, [meta()] * 4, targets)
    assert list(losses) == list(expected)
    for name, value in losses.items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)
    for model, values in ((unlinked, losses), (twin, expected)):
        model.zero_grad()
        sum(value for name, value in values.items() if 'loss' in name).backward()
    for own, other in zip(unlinked.parameters(), twin.parameters()):
        torch.testing.assert_close(own.grad, other.grad, rtol=0, atol=0)
    unlinked.eval(), twin.eval()
    memory = unlinked.new_stream()
    for frame in range(2):
        image = frames(1, frame)
        with torch.inference_mode():
            map_of_mmseg = twin.simple_test(image, [meta(flip=False)])[0]
        prediction = unlinked.step(image, meta(frame_id=frame), memory)
        assert np.array_equal(prediction.semantic, IDS[map_of_mmseg])
        assert torch.equal(unlinked.forward_dummy(image), twin.forward_dummy(image))


def test_single_frames_train(linked: nn.Module) -> None:
    losses = linked.train().forward_train(frames(1), [meta()], labels(1))
    assert set(losses) == {f'decode.{name}.s{stage}' for name in ('loss_ce', 'acc_seg') for stage in range(4)}


def test_pairs_train_the_link_and_both_frames(linked: nn.Module) -> None:
    linked.train().zero_grad()
    batch = pair_batch(2)
    losses = linked.forward_train(**batch)
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in linked.parameters())
    assert any(p.grad.abs().max() > 0 for p in linked.decode_head.link.parameters())
    for key in ('gt_semantic_seg', 'ref_gt_semantic_seg'):
        changed = linked.forward_train(**{**batch, key: batch[key].flip(0)})
        assert not torch.equal(changed['decode.loss_ce.s0'], losses['decode.loss_ce.s0']), key
    # The reference reaches the key frame's last stage through its kernels, and the labels of nothing else changed.
    other = linked.forward_train(**{**batch, 'ref_img': batch['ref_img'].flip(0)})
    assert not torch.equal(other['decode.loss_ce.s3'], losses['decode.loss_ce.s3'])


def reference_video(model: nn.Module, images: Tensor) -> Tuple[Tensor, List[Tensor]]:
    """Compute the class maps (T, H, W) of a video and its kernels in another way than the model.

    All stages but the last run over the whole video at once; then the last stage and the link, written out with
    their parts.
    """
    head, link = model.decode_head, model.decode_head.link
    feats = head.kernel_generate_head._forward_feature(model.extract_feat(images))
    logits = head.kernel_generate_head.conv_seg(feats)
    kernels = head.kernel_generate_head.conv_seg.weight.expand(len(images), -1, -1, -1, -1)
    for stage in head.kernel_update_head[:-1]:
        logits, kernels = stage(feats, kernels, logits)
    maps, refined = [], []
    for t in range(len(images)):
        current = kernels[t : t + 1]
        if refined and link is not None:
            query, memory = current.flatten(2).transpose(0, 1), refined[-1].flatten(2).transpose(0, 1)
            attended = query + link.attention.attn(query, memory, memory)[0]
            normed = link.attention_norm(attended).transpose(0, 1)
            current = link.ffn_norm(normed + link.ffn.layers(normed))[..., None, None]
        mask, kernel = head.kernel_update_head[-1](feats[t : t + 1], current, logits[t : t + 1])
        refined.append(kernel)
        maps.append(nn.functional.interpolate(mask, SIZE, mode='bilinear').argmax(1))
    return torch.cat(maps), refined


def test_streaming_equals_the_batched_reference(linked: nn.Module) -> None:
    """Two videos in turn through their own memories, frame by frame, equal each video computed as a whole."""
    linked.eval()
    videos = [frames(4, seed) for seed in (3, 4)]
    with torch.inference_mode():
        expected = [reference_video(linked, video) for video in videos]
    memories = [linked.new_stream(), linked.new_stream()]
    for t in range(4):
        for number, (video, memory) in enumerate(zip(videos, memories)):
            prediction = linked.step(video[t : t + 1], meta(video_id=number, frame_id=10 + t), memory)
            maps, kernels = expected[number]
            torch.testing.assert_close(memory.kernels, kernels[t], rtol=1e-4, atol=1e-5)
            agreement = (prediction.semantic == IDS[maps[t].numpy()]).mean()
            assert agreement > 0.999 and prediction.semantic.dtype == np.uint8
            assert not prediction.instance.any() and prediction.segments == []


@pytest.mark.parametrize('second', [dict(video_id=1, frame_id=1), dict(frame_id=0), dict(frame_id=5, is_first=True)])
def test_memory_starts_anew(linked: nn.Module, second: Dict[str, Any]) -> None:
    """At another video, at an earlier frame, and at a frame that says it is the first."""
    linked.eval()
    image, fresh, used = frames(1, 6), linked.new_stream(), linked.new_stream()
    is_first = second.pop('is_first', False)
    linked.step(frames(1, 5), meta(frame_id=0), used)
    linked.step(image, dict(meta(**second), is_first_frame=is_first), used)
    linked.step(image, meta(), fresh)
    assert torch.equal(used.kernels, fresh.kernels)
    linked.step(frames(1, 7), meta(frame_id=1), fresh)
    linked.step(image, meta(frame_id=2), fresh)
    assert not torch.equal(used.kernels, fresh.kernels)


def test_padding_and_size(linked: nn.Module) -> None:
    """Maps have the size of the original picture."""
    linked.eval()
    info = dict(meta(), img_shape=(60, 90, 3), ori_shape=(30, 45, 3))
    prediction = linked.step(frames(1), info, linked.new_stream())
    assert prediction.semantic.shape == prediction.instance.shape == prediction.panoptic.shape == (30, 45)
    assert set(np.unique(prediction.semantic)) <= set(IDS.tolist())


def test_framework_entry(linked: nn.Module) -> None:
    linked.eval()
    memory, other = StreamMemory(), linked.new_stream()
    given = [linked.simple_test(frames(1, t), [meta(frame_id=t)], memory=memory)[0].semantic for t in range(2)]
    stepped = [linked.step(frames(1, t), meta(frame_id=t), other).semantic for t in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(given, stepped))
    with pytest.raises(ValueError, match='tools/test_step.py'):
        linked.simple_test(frames(1), [meta()])
    with pytest.raises(ValueError, match='one frame at a time'):
        linked.simple_test(frames(2), [meta(), meta()])


@pytest.mark.parametrize(
    'overrides, message',
    [
        (
            dict(label_space='vspw', decode_head__kernel_generate_head__num_classes=8),
            "8 classes, label space 'vspw' 124",
        ),
        (dict(test_cfg__mode='slide', test_cfg__crop_size=(32, 32), test_cfg__stride=(16, 16)), "use 'whole'"),
        (dict(label_space='vspv'), 'unknown label space'),
    ],
)
def test_models_that_do_not_fit(overrides: Dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, KeyError), match=message):
        build_toy_model(LINKED, **overrides)


def test_class_counts_are_those_of_the_label_space() -> None:
    """Also of the auxiliary head, and of a list of them."""
    auxiliary = dict(type='FCNHead', in_channels=128, in_index=2, channels=8)
    model = build_toy_model(LINKED, label_space='vspw', auxiliary_head=dict(auxiliary, _delete_=True))
    heads = [model.decode_head.kernel_generate_head, model.auxiliary_head]
    assert [head.num_classes for head in heads] == [124, 124]
    assert with_num_classes([auxiliary, dict(num_classes=3)], 124) == [
        dict(auxiliary, num_classes=124),
        dict(num_classes=3),
    ]


def test_windows_without_link() -> None:
    """Sliding windows work where frames are not linked."""
    model = build_toy_model(UNLINKED, test_cfg__mode='slide', test_cfg__crop_size=(64, 64), test_cfg__stride=(32, 32))
    prediction = model.eval().step(frames(1), meta(), model.new_stream())
    assert prediction.semantic.shape == SIZE


def test_deeplab_features_include_the_decoder() -> None:
    cfg = dict(
        in_channels=16,
        in_index=1,
        channels=8,
        dilations=(1, 2),
        c1_in_channels=4,
        c1_channels=3,
        num_classes=5,
        dropout_ratio=0,
    )
    torch.manual_seed(0)
    own, parent = KernelSepASPPHead(**cfg).eval(), DepthwiseSeparableASPPHead(**cfg).eval()
    parent.load_state_dict(own.state_dict(), strict=True)
    levels = [torch.randn(1, 4, 16, 16), torch.randn(1, 16, 4, 4)]
    assert torch.equal(own(levels), parent(levels))
    assert torch.equal(own.cls_seg(own._forward_feature(levels)), parent(levels))
