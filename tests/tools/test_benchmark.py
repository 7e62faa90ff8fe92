"""tools/benchmark.py: turns with yardsticks, the table of modes, and its generated data."""

import csv
import json
from pathlib import Path

import pytest

from knet.evaluation.metric import score
from knet.evaluation.stq import STQuality
from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader

from .conftest import ROOT, call

pytestmark = pytest.mark.slow


def test_benchmark_reports_ratios(tmp_path: Path) -> None:
    code, text, err = call(
        'benchmark.py',
        'stq',
        '--videos',
        1,
        '--frames',
        2,
        '--size',
        48,
        96,
        '--repeat',
        1,
        '--json',
        tmp_path / 'numbers.json',
    )
    assert code == 0, err
    assert text.splitlines()[-3].split()[:2] == ['what', 'median']
    result = json.loads((tmp_path / 'numbers.json').read_text())['results']['stq']
    assert result['yardstick_name'] == 'matmul' and result['ratio'] > 0
    assert result['ours']['cpu']['median'] >= 0 and result['ours']['peak_rss_gib'] > 0


def test_modes_are_rows_of_a_table(tmp_path: Path) -> None:
    options = ['--size', 64, 96, '--seconds', 0.01, '--limit', 0, '--out', tmp_path]
    code, text, err = call('benchmark.py', 'inference', '--modes', 'fp32', 'amp+channels_last', *options)
    assert code == 0, err
    assert '| frames | Video K-Net R-50 | 64x96 | fp32 |' in text
    rows = json.loads((tmp_path / 'benchmark.json').read_text())['rows']
    assert [row['mode'] for row in rows] == ['fp32', 'amp+channels_last', 'fp32', 'fp32']
    assert all('the time was over' in row['error'] for row in rows[1:])
    with open(str(tmp_path / 'benchmark.csv'), newline='') as file:
        assert len(list(csv.DictReader(file))) == 4
    assert (tmp_path / 'benchmark.md').is_file()


@pytest.mark.parametrize(
    'args, message',
    [
        (['stq', '--modes', 'fp32'], 'stq: not measured in modes'),
        (['inference', '--modes', 'fp64'], "unknown mode 'fp64'"),
        (['vipseg'], 'add --device cuda'),
    ],
)
def test_mistakes_of_modes(args: list, message: str) -> None:
    code, _, err = call('benchmark.py', *args)
    assert code == 1 and message in err


def test_generated_evaluation_data_are_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    from _benchmark.evaluation_data import make_evaluation_fixture

    for name in 'ab':
        make_evaluation_fixture(tmp_path / name, videos=1, frames=3, height=40, width=100, seed=5)
    files = [
        {p.relative_to(folder): p.read_bytes() for p in folder.rglob('*.png')}
        for folder in (tmp_path / 'a', tmp_path / 'b')
    ]
    assert files[0] == files[1] and len(files[0]) == 9
    truth = KittiStepGroundTruth(tmp_path / 'a' / 'ground_truth')
    result = score(STQuality(KITTI_STEP), PredictionReader(tmp_path / 'a' / 'predictions'), truth)
    assert 0.05 < result.stq < 1 and result.videos[0].frames == 3
