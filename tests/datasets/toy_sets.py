"""Toy videos in the layouts of VIPSeg, SemanticKITTI-DVPS and Cityscapes-VPS, and edits that spoil them."""

import importlib
import json
from pathlib import Path
from typing import Any, Callable, Dict, Type

import numpy as np
import pytest

from knet.datasets import CityscapesVPSDataset, KITTIDVPSDataset, VideoPanopticDataset, VIPSegDVPSDataset
from knet.toy import ToySpec
from knet.utils.io import write_png_atomic

ROOT = Path(__file__).parents[2]
FRAMES = 10
SPEC = ToySpec(train=1, val=2, frames=FRAMES, height=48, width=96, crowd=1.0, void=1.0)
CLASSES: Dict[str, Type[VideoPanopticDataset]] = {
    'vipseg': VIPSegDVPSDataset,
    'semantic-kitti': KITTIDVPSDataset,
    'cityscapes-vps': CityscapesVPSDataset,
}
LOAD = [dict(type='LoadImgDirect'), dict(type='LoadAnnotationsDirect')]
GRAY, COLOUR = np.zeros((48, 96), np.uint16), np.zeros((48, 96, 3), np.uint8)
MASK, IMAGE = 'panomasks/5000_toystreet/00000000.png', 'images/5000_toystreet/00000000.jpg'


def tool(name: str) -> Any:
    """Return a module of tools/dataset."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / 'tools' / 'dataset'))
        return importlib.import_module(name)


def first(root: Path, pattern: str) -> Path:
    return min(root.glob(pattern))


def put(root: Path, pattern: str, array: np.ndarray) -> None:
    write_png_atomic(first(root, pattern), array)


def cut(root: Path, pattern: str) -> None:
    path = first(root, pattern)
    path.write_bytes(path.read_bytes()[:-40])


def edit_json(root: Path, change: Callable[[dict], Any]) -> None:
    path = root / 'panoptic_gt_val_city_vps.json'
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
