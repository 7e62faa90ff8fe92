"""tools/test.py, the validation of image models and operation counts."""

import json
from pathlib import Path
from typing import Tuple

import pytest
import torch

from .conftest import call

pytestmark = pytest.mark.slow


def test_images_are_scored_stored_and_drawn(image_model: Tuple[Path, Path], tmp_path: Path) -> None:
    code, text, err = call(
        'test.py',
        *image_model,
        '--eval',
        'PQ',
        'mIoU',
        '--out',
        tmp_path / 'out',
        '--show-dir',
        tmp_path / 'show',
        '--json',
        tmp_path / 'scores.json',
    )
    assert code == 0 and 'PQ' in text, err
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert {'PQ', 'mIoU'} <= set(scores) and all(0 <= value <= 100 for value in scores.values())
    for folder, ending in (('out', '_cat.png'), ('out', '_ins.png'), ('show', '.jpg')):
        assert len(list((tmp_path / folder).rglob(f'*{ending}'))) == 4


@pytest.mark.skipif(not hasattr(torch.utils, 'flop_counter') and torch.__version__ < '2.1', reason='torch < 2.1')
def test_operations_are_counted(toy_config: Path) -> None:
    code, text, err = call('analysis_tools/get_flops.py', toy_config, '--shape', 60, 130)
    assert code == 0, err
    assert 'input: 3 x 64 x 160' in text and 'ResNet' in text and 'parameters: ' in text
