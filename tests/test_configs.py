"""Every config: it loads, builds the network of the paper, trains and predicts.

Networks are built in full size. What runs is the config's network with a
narrow backbone, one encoder layer and few proposals, on 64 x 96 pixels: the links,
heads, losses and fusion are those of the config. Configs whose shrunken
networks are equal run once.
"""

import functools
import itertools
import json
import re
from typing import Any, Dict, List

import pytest
import torch
from mmcv import Config
from mmdet.models import build_detector

from knet.apis.optimizer_state import unmatched_keys
from knet.apis.stream_entry import StreamEntry
from knet.det.protocols import ClipModel, StreamModel
from knet.labels import LabelSpace, get_label_space
from knet.structures import InstancePrediction, PanopticPrediction
from tests.models import ROOT, SIZE, clip_batch, frame_gt, meta, pair_batch, total, uninitialised

pytestmark = pytest.mark.slow

CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if not {'_base_', 'common'} & set(path.parts))
NAMES = [str(path.relative_to(ROOT / 'configs')) for path in CONFIGS]

_KITTI = 'det/video_knet_kitti_step/video_knet_s3_{}_rpn_1x_kitti_step_sigmoid_stride2_mask_embed_link_ffn_{}.py'
_VIPSEG = 'det/video_knet_vipseg/video_knet_s3_{}_rpn_vipseg_mask_embed_link_ffn_joint_train{}.py'
_VIS = 'video_knet_vis/video_knet_vis/knet_track_{}.py'
#: Tensors in the state dict and number of parameters of the networks of the paper, under their original names.
NETWORKS = {
    'det/knet_cityscapes_step/knet_s3_r50_fpn.py': (502, 37419660),
    'det/knet_cityscapes_step/knet_s3_swin_b_fpn.py': (541, 100165124),
    'det/knet_cityscapes_step/knet_s3_swin_l_fpn.py': (541, 208664032),
    _KITTI.format('r50', 'joint_train'): (549, 41694092),
    _KITTI.format('r50', 'joint_train_8e'): (549, 41694092),
    _KITTI.format('swinb', 'joint_update'): (744, 111163396),
    _KITTI.format('swinl', 'joint_update'): (744, 219662304),
    _KITTI.format('swinl', 'update_conv_short_track_fc'): (682, 218207200),
    _VIPSEG.format('r50', ''): (549, 41802032),
    _VIPSEG.format('swin_b', '_8e'): (588, 104547496),
    'det/coco/knet_s3_r50_deformable_fpn_ms-3x_coco.py': (603, 40173888),
    'det/coco/knet_s3_r50_fpn_ms-3x_coco.py': (502, 37482368),
    'det/coco/knet_s3_swin-b_deformable_fpn_ms-3x_coco.py': (642, 102919352),
    'det/coco/knet_s3_r50_fpn_ms-3x_coco-panoptic.py': (502, 37536852),
    _VIS.format('r50_1x_youtubevis'): (629, 43521328),
    _VIS.format('r50_deformable_fpn_1x_youtubevis'): (730, 46212848),
    _VIS.format('swinb_1x_youtubevis_8e'): (668, 106266792),
    _VIS.format('swinb_deformable_1x_youtubevis'): (769, 108958312),
}


def load(name: str) -> Config:
    return Config.fromfile(str(ROOT / 'configs' / name))


def header(name: str) -> List[str]:
    """The lines of the comment that a config opens with, without their marks."""
    lines = (ROOT / 'configs' / name).read_text(encoding='utf-8').splitlines()
    return [line[2:] for line in itertools.takewhile(lambda line: line.startswith('# '), lines)]


@pytest.mark.parametrize('name', NAMES)
def test_config_opens_with_its_facts(name: str) -> None:
    """What it is, the command for this very file, what it starts from, on what, and whether it was trained here."""
    title, run, path, *rest = header(name)
    *commands, start, hardware, trained = rest
    assert title.endswith('.') and not title.startswith('As ')
    assert run == 'Run:' and path == f'  CONFIG=configs/{name}'
    assert commands and all(command.startswith('  ') for command in commands)
    assert '$CONFIG' in commands[-1] and re.search(r'tools\w*/\w+\.(py|sh)', commands[-1])
    assert start.startswith('Starts from: ') and hardware.startswith('Hardware: ')
    assert re.match('Trained here: (yes|no|only)', trained)
    mentioned = re.findall(r'\b(?:configs|docs|results|tools)/[\w./+-]*\.\w+', '\n'.join(header(name)))
    assert [path for path in mentioned if not (ROOT / path).is_file()] == []
    assert ('--load-from' in commands[-1]) <= ('.py' in start or 'checkpoint' in start or 'an image K-Net' in start)


def test_class_counts_and_plugins_are_said_once() -> None:
    """By the label space, and by the two runtime files."""
    texts = {path: path.read_text(encoding='utf-8') for path in (ROOT / 'configs').rglob('*.py')}
    assert [str(path) for path, text in texts.items() if re.search(r'num_(thing_|stuff_)?classes', text)] == []
    assert {path.name for path, text in texts.items() if 'custom_imports' in text} == {
        'default_runtime.py',
        'vis_runtime.py',
    }


@pytest.mark.parametrize('name', NAMES)
def test_config_is_complete_and_builds(name: str) -> None:
    cfg = load(name)
    for key in ('model', 'data', 'optimizer', 'lr_config', 'runner', 'custom_imports'):
        assert key in cfg, f'{name} has no {key}'
    with uninitialised():
        model = build_detector(cfg.model)
    if name in NETWORKS:
        assert (len(model.state_dict()), sum(p.numel() for p in model.parameters())) == NETWORKS[name]
    assert unmatched_keys(model, cfg.optimizer) == []


def test_trainings_by_iterations_are_validated_a_few_times() -> None:
    """Without an interval they would be after every step."""
    trainings = {name: load(name) for name in NAMES}
    counts = {
        name: cfg.runner.max_iters // cfg.get('evaluation', {}).get('interval', 1)
        for name, cfg in trainings.items()
        if 'Iter' in cfg.runner.type
    }
    assert counts and not {name: count for name, count in counts.items() if count > 10}


def test_no_network_of_the_paper_is_missing() -> None:
    assert set(NETWORKS) <= set(NAMES)


NARROW_BACKBONES = {
    'knet.ResNet': dict(depth=18, base_channels=8, stem_channels=8, recomputed_stages=()),
    'SwinTransformerDIY': dict(embed_dims=8, depths=[2, 2, 2, 2], num_heads=[1, 2, 4, 8], drop_path_rate=0),
}


def shrunken(cfg: Config) -> Dict[str, Any]:
    """The model of a config with a narrow backbone and fewer proposals, instances and encoder layers."""
    model = cfg.model
    model.backbone.update(NARROW_BACKBONES[model.backbone.type], init_cfg=None)
    if model.backbone.get('norm_cfg', {}).get('type') == 'SyncBN':
        model.backbone.norm_cfg.type = 'BN'
    model.neck.in_channels = [8, 16, 32, 64]
    if 'encoder' in model.neck:
        model.neck.encoder.num_layers = 1
    heads = [model.rpn_head, model.roi_head] + ([model.tracker] if model.type == 'KNetTrack' else [])
    for head in heads:
        head.num_proposals = min(head.num_proposals, 8)
    model.test_cfg.rcnn.max_per_img = 10
    return model.to_dict()


@functools.lru_cache(maxsize=None)
def distinct() -> List[str]:
    """One name per shrunken K-Net; :mod:`tests.vss` runs mmsegmentation's."""
    seen: Dict[str, str] = {}
    for name in NAMES:
        cfg = load(name)
        if 'rpn_head' in cfg.model:
            seen.setdefault(json.dumps(shrunken(cfg), sort_keys=True, default=str), name)
    return list(seen.values())


def semantic_of(space: LabelSpace, labels: torch.Tensor, masks: Any) -> torch.Tensor:
    """A semantic map (1, H, W) of two stuff classes, void and things."""
    semantic = torch.full(SIZE, space.void)
    if space.num_stuff:
        semantic[:20], semantic[20:50] = space.stuff_ids[0], space.stuff_ids[-1]
    for mask, label in zip(masks.masks, labels.tolist()):
        semantic[torch.from_numpy(mask).bool()] = space.thing_ids[label]
    return semantic[None]


def batch_for(model: torch.nn.Module) -> Dict[str, Any]:
    """Two training samples, the second without things, with the label space of the model."""
    if isinstance(model, ClipModel):
        return clip_batch([[2, 1], [0, 0]])
    batch = pair_batch([2, 0], [2, 1])
    for prefix in ('', 'ref_'):
        truths = [frame_gt(n, seed) for seed, n in enumerate([2, 0] if not prefix else [2, 1])]
        maps = torch.stack([semantic_of(model.label_space, labels, masks) for labels, masks, _ in truths])
        batch[f'{prefix}gt_semantic_seg'] = maps[:, None] if prefix else maps
    if not isinstance(model, StreamModel):
        batch = {key: value for key, value in batch.items() if not key.startswith('ref_')}
    return batch


@pytest.mark.parametrize('name', distinct(), ids=lambda name: name.replace('/', '-'))
def test_network_trains_and_predicts(name: str) -> None:
    torch.manual_seed(0)
    model = build_detector(Config(dict(model=shrunken(load(name)))).model)
    model.init_weights()
    losses = model.train()(return_loss=True, **batch_for(model))
    total(losses).backward()
    assert all(torch.isfinite(value).all() for value in losses.values())
    # Otherwise distributed training would need find_unused_parameters.
    assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
    model.eval()
    space = get_label_space(model.label_space)
    if isinstance(model, ClipModel):
        tracks = model.predict_video([torch.randn(2, 3, *SIZE)], dict(meta(), ori_shape=(48, 72, 3)))
        assert [[code['size'] for code in track] for track in tracks.segmentations] == [[[48, 72]] * 2] * 10
        return
    entry = StreamEntry(model) if isinstance(model, StreamModel) else model
    for t in range(2):
        prediction = entry(
            return_loss=False,
            rescale=True,
            img=[torch.randn(1, 3, *SIZE)],
            img_metas=[[dict(meta(0, t), ori_shape=(48, 72, 3))]],
        )[0]
        assert isinstance(prediction, PanopticPrediction if space.num_stuff else InstancePrediction)
        maps = prediction.semantic if space.num_stuff else prediction.masks[0]
        assert maps.shape == (48, 72)


def test_pretrained_weights_are_said_where_a_model_starts_from_them() -> None:
    """R-50 starts from ImageNet; of the Swin models only the COCO one, the others start from an image model."""
    for name in NETWORKS:
        init = load(name).model.backbone.get('init_cfg')
        assert (init is not None) == ('r50' in name or 'coco' in name), name
