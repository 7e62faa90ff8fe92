"""The evaluator command lines of the data sets besides KITTI-STEP, and the format of Cityscapes-VPS."""

import json
import subprocess
from pathlib import Path
from typing import Any, Tuple

import cv2
import numpy as np
import pytest

from knet.evaluation.metric import score
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import CITYSCAPES_PANOPTIC, KITTI_STEP, VIPSEG
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth
from knet.layouts.id_maps import split_id_map
from knet.layouts.images import read_rgb_ids
from knet.layouts.vipseg import VIPSegGroundTruth, decode_vipseg
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import write_png_atomic

from .conftest import ENVIRONMENT, command

pytestmark = pytest.mark.slow

#: 8 x 12 pixels: two persons side by side (raw 6100, 6101), wall below (raw 1).
TWO = np.repeat([[6100] * 6 + [6101] * 6, [1] * 12], 4, axis=0).astype(np.uint16)


def run(*args: Any) -> Tuple[int, str, str]:
    """Exit code, standard output and standard error of a tool."""
    done = subprocess.run(command(*args), capture_output=True, text=True, env=ENVIRONMENT)
    return done.returncode, done.stdout, done.stderr


def write_predictions(root: Path, videos: Any) -> Path:
    with PredictionWriter(root, {}) as writer:
        for video, frames in videos.items():
            for number, maps in frames.items():
                writer.write(video, number, *maps)
    return root


@pytest.fixture
def vipseg(tmp_path: Path) -> Tuple[Path, Path]:
    """Two videos of VIPSeg, of 3 frames and of 7; the prediction merges the two persons."""
    root, predictions = tmp_path / 'VIPSeg', {}
    for number, (name, length) in enumerate((('z', 3), ('a', 7))):
        predictions[number] = {}
        for frame in range(length):
            write_png_atomic(root / 'panomasks' / name / f'{frame * 10:08d}.png', TWO)
            semantic, instance = split_id_map(decode_vipseg(TWO, ''))
            predictions[number][frame] = semantic, np.where(instance > 0, 1, 0)
    (root / 'val.txt').write_text('z\na\n')
    return write_predictions(tmp_path / 'result', predictions), root


def test_vipseg_tells_instances_apart(vipseg: Tuple[Path, Path], tmp_path: Path) -> None:
    """The published script reads the class map twice and finds both persons right."""
    code, out, err = run('eval_dvpq_vipseg.py', *vipseg, '--json', tmp_path / 'vpq.json')
    assert (code, err) == (0, ''), err
    document = json.loads((tmp_path / 'vpq.json').read_text())
    assert list(document['k']) == ['1', '2', '4', '6']
    assert [document['k'][k]['windows'] for k in document['k']] == [3 + 7, 2 + 6, 4, 2]
    assert 'k=4: videos with fewer than 4 frames contribute nothing: 0' in out
    assert document['k']['1']['VPQ_th'] == 0 and document['k']['1']['VPQ_st'] == 1
    assert document['k']['1']['per_class']['83'] == dict(pq=0.0, sq=0.0, rq=0.0, tp=0, fp=10, fn=20)


def test_vipseg_paper_repo_clamps_each_video(vipseg: Tuple[Path, Path], tmp_path: Path) -> None:
    code, _, err = run(
        'eval_dvpq_vipseg.py',
        vipseg[0],
        '--gt-path',
        vipseg[1],
        '--protocol',
        'paper-repo',
        '--json',
        tmp_path / 'vpq.json',
    )
    assert (code, err) == (0, ''), err
    document = json.loads((tmp_path / 'vpq.json').read_text())
    assert [document['k'][k]['windows'] for k in document['k']] == [3 + 7, 2 + 6, 1 + 4, 1 + 2]
    # All 124 classes count: one stuff class of 66 is right.
    assert document['k']['6']['VPQ_st'] == pytest.approx(1 / 66)


def test_vipseg_stq(vipseg: Tuple[Path, Path], tmp_path: Path) -> None:
    code, _, err = run('eval_dstq_vipseg.py', *vipseg, '--json', tmp_path / 'stq.json', '--nproc', 2)
    assert (code, err) == (0, ''), err
    document = json.loads((tmp_path / 'stq.json').read_text())
    # Each of two tubes of n pixels meets one prediction of 2n: (n / n) * n / (n + 2n - n).
    assert document['AQ'] == pytest.approx(0.5) and document['SQ'] == 1 and list(document['per_video']) == ['0', '1']


def test_semantic_kitti_with_depth(tmp_path: Path) -> None:
    make_toy_videos(tmp_path / 'gt', 'semantic-kitti', ToySpec(train=0, val=1, frames=2, height=48, width=96))
    folder = tmp_path / 'gt' / 'video_sequence' / 'val'
    predictions = {5000: {}}
    for frame in range(2):
        stem = folder / f'005000_{frame:06d}'
        semantic = cv2.imread(f'{stem}_gtFine_class.png', cv2.IMREAD_UNCHANGED)
        instance = cv2.imread(f'{stem}_gtFine_instance.png', cv2.IMREAD_UNCHANGED)
        predictions[5000][frame] = semantic, instance
        depth = np.full((48, 96), 2560, np.uint16)
        write_png_atomic(f'{stem}_depth_718.85.png', depth)
        depth[:, 24:] = 1280
        write_png_atomic(tmp_path / f'result/depth/5000/005000_{frame:06d}.png', depth)
    result = write_predictions(tmp_path / 'result', predictions)
    code, out, err = run('eval_dstq.py', result, tmp_path / 'gt', '--depth', '--json', tmp_path / 'dstq.json')
    assert (code, err) == (0, '') and 'DSTQ@1.25' in out, err
    document = json.loads((tmp_path / 'dstq.json').read_text())
    assert document['STQ'] == 1 and document['DQ'] == 0.25
    assert document['DSTQ'] == pytest.approx(0.25 ** (1 / 3), abs=1e-12)


@pytest.mark.parametrize(
    'tool, args, message',
    [
        ('eval_dvpq_vipseg.py', (), 'data/VIPSeg/val.txt: no such file'),
        ('eval_dstq_vipseg.py', ('--depth', '--gt-path', '{gt}'), 'this data set has no depth'),
        ('eval_dstq.py', (), 'data/kitti-dvps/video_sequence/val: no such folder'),
        ('eval_dvpq_vipseg.py', ('--depth-thres', '0'), 'must be a number > 0'),
        ('eval_dvpq_step.py', ('--data-set', 'imagenet'), "unknown layout 'imagenet'; known: kitti-step"),
        ('eval_dvpq_step.py', ('--gt-path', '{gt}', '--data-set', 'cityscapes-vps'), 'panoptic_video: no such folder'),
        ('eval_dvpq_vipseg.py', ('--gt-path', '{gt}', '--label-space', 'kitti_step'), 'is not in label space'),
    ],
)
def test_bad_arguments(
    vipseg: Tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    args: Tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run(tool, vipseg[0], *(arg.format(gt=vipseg[1]) for arg in args))
    assert code != 0 and message in err and 'Traceback' not in err


def test_all_ks_in_one_pass(vipseg: Tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is read once, whatever the number of windows."""
    read = []
    original = VIPSegGroundTruth.read
    monkeypatch.setattr(VIPSegGroundTruth, 'read', lambda self, *frame: read.append(frame) or original(self, *frame))
    score(VideoPanopticQuality(VIPSEG), PredictionReader(vipseg[0]), VIPSegGroundTruth(vipseg[1]))
    assert len(read) == len(set(read)) == 10


@pytest.fixture(scope='module')
def clips(tmp_path_factory: pytest.TempPathFactory) -> Tuple[Path, Path]:
    """Two clips; predictions of all frames, perfect on the labelled ones."""
    root = tmp_path_factory.mktemp('vps')
    make_toy_videos(root / 'gt', 'cityscapes-vps', ToySpec(train=0, val=2, frames=30, height=48, width=96, crowd=1.0))
    truth, nothing = CityscapesVPSGroundTruth(root / 'gt'), np.zeros((48, 96), int)
    frames = {
        v: {f: truth.read(v, f) if f in truth.frames(v) else (nothing, nothing) for f in range(30)}
        for v in truth.videos()
    }
    return write_predictions(root / 'result', frames), root / 'gt'


class TestCityscapesVPS:
    """Six labelled frames of thirty."""

    def test_unlabelled_frames_are_no_mistake(self, clips: Tuple[Path, Path], tmp_path: Path) -> None:
        code, _, err = run('eval_dvpq_step.py', *clips, '--data-set', 'cityscapes-vps', '--json', tmp_path / 'v.json')
        assert (code, err) == (0, ''), err
        document = json.loads((tmp_path / 'v.json').read_text())
        assert document['VPQ'] == 1 and 'skipped' not in document
        # Windows of 0, 5, 10 and 15 frames apart: 1 to 4 labelled frames.
        assert [document['k'][k]['windows'] for k in '1234'] == [12, 10, 8, 6]

    def test_a_labelled_frame_must_be_predicted(self, clips: Tuple[Path, Path]) -> None:
        predictions, truth = PredictionReader(clips[0]), CityscapesVPSGroundTruth(clips[1])
        predictions._videos[5000].pop(9)
        with pytest.raises(ValueError, match=r'1 frame\(s\) without a prediction: 005000_000009'):
            score(VideoPanopticQuality(CITYSCAPES_PANOPTIC), predictions, truth)
        predictions._videos[7] = predictions._videos[5000]
        with pytest.raises(ValueError, match='predicted without ground truth: 000007_000000'):
            score(VideoPanopticQuality(CITYSCAPES_PANOPTIC), predictions, truth)

    def test_handing_in(self, clips: Tuple[Path, Path], tmp_path: Path) -> None:
        code, out, err = run('cityscapes_vps_format.py', *clips, tmp_path / 'out')
        assert code == 0 and '12 frames of 2 videos' in out, err
        truth = json.loads((clips[1] / 'panoptic_gt_val_city_vps.json').read_text())
        document = json.loads((tmp_path / 'out' / 'pred.json').read_text())
        # These are the files that eval_vpq.py of the VPSNet project opens.
        opened = {f'{image["id"]}.png' for image in truth['images']}
        assert {path.name for path in (tmp_path / 'out' / 'pan_pred').iterdir()} == opened
        assert '5000_0005_toystreet_000000_000004.png' in opened and len(document['annotations']) == len(opened) == 12
        for ours, theirs in zip(document['annotations'], truth['annotations']):
            assert (ours['image_id'], ours['file_name']) == (theirs['image_id'], theirs['file_name'])
            ids = read_rgb_ids(tmp_path / 'out' / 'pan_pred' / f'{ours["image_id"]}.png', '')
            for segment in ours['segments_info']:
                ys, xs = np.nonzero(ids == segment['id'])
                assert segment['area'] == len(ys) and segment['iscrowd'] == 0
                assert segment['bbox'] == [xs.min(), ys.min(), np.ptp(xs), np.ptp(ys)]
            assert {s['id'] for s in ours['segments_info']} == set(np.unique(ids).tolist()) - {0}
            key = [sorted((s['category_id'], s['area']) for s in a['segments_info']) for a in (ours, theirs)]
            assert key[0] == key[1]

    def test_category_ids_of_the_release_are_handed_back(self, clips: Tuple[Path, Path], tmp_path: Path) -> None:
        """JSON files may number categories otherwise than by train id."""
        root = tmp_path / 'gt'
        root.mkdir()
        (root / 'val').symlink_to(clips[1] / 'val')
        document = json.loads((clips[1] / 'panoptic_gt_val_city_vps.json').read_text())
        for category in document['categories']:
            category['id'] += 100
        document['categories'].append(dict(id=99, trainid=255, name='bridge', isthing=0))
        for annotation in document['annotations']:
            for segment in annotation['segments_info']:
                segment['category_id'] = 99 if segment['category_id'] == 10 else segment['category_id'] + 100
        (root / 'panoptic_gt_val_city_vps.json').write_text(json.dumps(document))
        semantic, before = (CityscapesVPSGroundTruth(path).read(5000, 4)[0] for path in (root, clips[1]))
        assert np.array_equal(semantic, np.where(before == 10, 255, before))
        code, _, err = run('cityscapes_vps_format.py', clips[0], root, tmp_path / 'out')
        assert code == 0, err
        handed_in = json.loads((tmp_path / 'out' / 'pred.json').read_text())['annotations'][0]['segments_info']
        assert {s['category_id'] for s in handed_in} == {int(c) + 100 for c in np.unique(before) if c != 255}

    @pytest.mark.parametrize(
        'frames, message',
        [
            ({5000: {4: 0}}, '11 labelled frames are not predicted: 005000_000009'),
            ({v: dict.fromkeys(range(30), 90) for v in (5000, 5001)}, 'class 90 is none of Cityscapes'),
        ],
    )
    def test_an_incomplete_result_is_not_handed_in(
        self, clips: Tuple[Path, Path], tmp_path: Path, frames: dict, message: str
    ) -> None:
        nothing = np.zeros((48, 96), int)
        write_predictions(
            tmp_path / 'r', {v: {f: (nothing + c, nothing) for f, c in some.items()} for v, some in frames.items()}
        )
        code, _, err = run('cityscapes_vps_format.py', tmp_path / 'r', clips[1], tmp_path / 'out')
        assert code == 1 and message in err and not (tmp_path / 'out' / 'pred.json').exists()


def row(*values: int) -> np.ndarray:
    return np.array([values])


@pytest.mark.parametrize(
    'space, protocol, missed, wrong',
    [
        (KITTI_STEP, 'official', 1, 1),
        (CITYSCAPES_PANOPTIC, 'official', 0, 0),
        (CITYSCAPES_PANOPTIC, 'paper-repo', 1, 1),
    ],
)
def test_crowds_are_as_the_benchmark_has_them(space: Any, protocol: str, missed: int, wrong: int) -> None:
    metric = VideoPanopticQuality(space, (1,), protocol)
    metric.update(row(13, 13, 13, 13), row(0, 0, 0, 0), row(13, 13, 0, 0), row(5, 5, 0, 0), 0)
    car = metric.compute().windows[1].scores.classes[13]
    assert (car.tp, car.fn, car.fp) == (0, missed, wrong)
