"""A config of the original: every setting that is gone is named with its remedy, and following them makes it build."""

import copy
from typing import Any, Dict

import pytest

from knet.apis import build_model, load_config
from knet.apis.original_names import ARGUMENTS, PACKAGES, RENAMED, TYPES, unknown_arguments
from knet.utils.cli import UsageError
from tests.models import ROOT, uninitialised
from tests.published import R50, manifest_keys

CONFIG = ROOT / 'tests' / 'data' / 'original_kitti_step.py'


def test_the_tables_are_on_the_page() -> None:
    page = (ROOT / 'docs' / 'migrate.md').read_text(encoding='utf-8')
    assert [name for name in (*ARGUMENTS, *TYPES, *RENAMED, *PACKAGES) if f'`{name}`' not in page] == []


def _remove(node: Any, keys: str) -> None:
    *path, last = keys.split('.')
    for key in path:
        node = node[int(key)] if isinstance(node, (list, tuple)) else node.get(key, {})
    node.pop(last, None)


def _rename(node: Any) -> None:
    if isinstance(node, dict):
        if node.get('type') in RENAMED:
            node['type'] = RENAMED[node['type']]
        node = list(node.values())
    for part in node if isinstance(node, (list, tuple)) else ():
        _rename(part)


def test_following_the_message_gives_the_network_of_the_original() -> None:
    cfg = load_config(str(CONFIG))
    with pytest.raises(
        UsageError, match="docs/migrate.md says what became of settings(?s:.*)'knet.DiceCost', as mmdet"
    ):
        build_model(cfg)
    settings: Dict[str, Any] = copy.deepcopy(dict(model=cfg.model.to_dict()))
    unknown = unknown_arguments(settings['model'], 'model')
    assert {'kitti_step', 'merge_joint', 'num_classes', 'previous', 'use_binary'} <= set(unknown) <= set(ARGUMENTS)
    for places in unknown.values():
        for place in places:
            _remove(settings, place)
    model, fusion = settings['model'], settings['model']['test_cfg']['rcnn']
    model.update(label_space='kitti_step')
    model['rpn_head']['localization_fpn']['num_levels'] = 4
    for options, names in (
        (fusion, 'mask_thr stuff_score_thr'),
        (fusion['merge_stuff_thing'], 'iou_thr stuff_max_area'),
    ):
        for name in names.split():
            del options[name]
    _rename(model)
    cfg.model = model
    with uninitialised():
        assert set(build_model(cfg).state_dict()) == set(manifest_keys(R50))
