"""From fake official archives to the data sets of the real configs."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator, Tuple

import numpy as np
import pytest

from knet.apis import build_data, load_config
from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth

from .conftest import call
from .reproduction import BENCHMARKS, SPEC, archives_of, kit, settings_of

pytestmark = pytest.mark.slow


def prepare(settings: Any) -> Iterator[Tuple[str, str]]:
    """Run the steps before the first training within this process; yield their names and what they print."""
    for step in kit('steps').steps_of(settings):
        if '-train-' in step.name:
            return
        position = 0
        while position < len(step.commands()):
            _, script, *words = step.commands()[position].words
            assert script.startswith('tools/')
            code, out, err = call(script[len('tools/') :], *words)
            assert code in (0, None), f'{step.name}: {out}{err}'
            yield step.name, out
            position += 1


@pytest.fixture(scope='module', params=BENCHMARKS)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The settings of a benchmark whose toy archives were unpacked, converted and checked."""
    folder = tmp_path_factory.mktemp(request.param)
    archives_of(request.param, folder)
    settings = settings_of(request.param, folder)
    told = list(prepare(settings))
    checked = [out for name, out in told if '-check-' in name]
    assert checked and all('no problem found' in out for out in checked), told
    return settings


def test_real_configs_find_the_data(prepared: Any) -> None:
    """Every data set of the paper's configs is built, and gives a sample through its own pipeline."""
    for stage in prepared.benchmark.stages:
        roots = kit('configs').data_roots(stage.config, stage.data.format(**prepared.folders()))
        cfg = load_config(stage.config, dict(root.split('=') for root in roots))
        for part in ('train', 'val'):
            dataset = build_data(cfg, part)
            assert 'img' in dataset[0] or 'ref_img' in dataset[0], (stage.name, part)


@pytest.mark.parametrize('prepared', ['cityscapes-vps'], indirect=True)
def test_merged_clips_have_the_labels_of_the_street(prepared: Any) -> None:
    """The frames of the release and those of Cityscapes become one clip, with one number per object."""
    root, things = Path(prepared.folders()['data'], 'cityscapes_vps'), CITYSCAPES_PANOPTIC.thing_ids
    for split, clip in (('train', 0), ('val', 0)):
        truth = CityscapesVPSGroundTruth(root, split)
        (video,) = truth.videos()[:1]
        street = list(replace(SPEC, frames=30).street(split, clip))
        numbers: set = set()
        assert len(truth.frames(video)) == 6
        for frame, position in zip(truth.frames(video), range(4, 30, 5)):
            semantic, instance = truth.read(video, frame)
            want = street[position]
            crowd = np.isin(want.semantic, things) & (want.instance == 0)
            np.testing.assert_array_equal(semantic[~crowd], want.semantic[~crowd])
            numbers |= set(zip(want.instance[~crowd].tolist(), instance[~crowd].tolist()))
        # One number stands for one object through the clip.
        assert len({a for a, _ in numbers}) == len({b for _, b in numbers}) == len(numbers)
    images = CityscapesVPSGroundTruth.list_frames(root, 'val', labelled=False, every_frame=True)
    assert len(images) == 30 and len({image.video_id for image in images}) == 1


@pytest.mark.parametrize('prepared', ['kitti-step', 'vipseg', 'youtube-vis'], indirect=True)
def test_a_second_run_changes_nothing(prepared: Any) -> None:
    before = {path: path.stat().st_mtime_ns for path in prepared.work_dir.rglob('*.[pj]*')}
    for _ in prepare(prepared):
        pass
    after = {path: path.stat().st_mtime_ns for path in prepared.work_dir.rglob('*.[pj]*')}
    assert before == after
