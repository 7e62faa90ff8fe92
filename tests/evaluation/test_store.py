"""The prediction store: layout, resuming, refusing what doesn't fit, several writers."""

import json
import multiprocessing

import numpy as np
import pytest

from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.utils.io import read_png, write_png_atomic
from tests.evaluation.reference import golden_frame, write_world

META = dict(config='toy.py', checkpoint='abc', options=(1, 2))
SEMANTIC = np.full((4, 6), 13, dtype=np.uint8)
INSTANCE = np.arange(24, dtype=np.int32).reshape(4, 6) * 2700


def write_video(writer, video, frames=2, finish=True):
    for frame in range(frames):
        writer.write(video, frame, SEMANTIC, INSTANCE + frame)
    if finish:
        writer.finish_video(video, frames)


def manifest(path):
    return json.loads((path / 'manifest.json').read_text())


def test_layout_and_encodings(tmp_path):
    with PredictionWriter(tmp_path, META, final=True) as writer:
        write_video(writer, 7)
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob('*.*') if '.done' not in str(p))
    assert files == [
        'final/0007/000000.png',
        'final/0007/000001.png',
        'manifest.json',
        'panoptic/7/000007_000000_cat.png',
        'panoptic/7/000007_000000_ins.png',
        'panoptic/7/000007_000001_cat.png',
        'panoptic/7/000007_000001_ins.png',
    ]
    instance = read_png(tmp_path / 'panoptic/7/000007_000001_ins.png')
    assert instance.dtype == np.uint16
    np.testing.assert_array_equal(instance, INSTANCE + 1)
    final = read_png(tmp_path / 'final/0007/000000.png').astype(int)
    np.testing.assert_array_equal(final[..., 0], SEMANTIC)
    np.testing.assert_array_equal(final[..., 1] * 256 + final[..., 2], INSTANCE)
    assert manifest(tmp_path)['videos'] == {'7': 2}
    assert manifest(tmp_path)['meta'] == dict(config='toy.py', checkpoint='abc', options=[1, 2])


def test_read_back(tmp_path):
    with PredictionWriter(tmp_path, META) as writer:
        write_video(writer, 12, finish=False)
        write_video(writer, 3)
    reader = PredictionReader(tmp_path)
    assert reader.videos() == [3, 12]
    assert reader.frames(12) == [0, 1] and reader.frames(99) == []
    semantic, instance = reader.read(12, 1)
    assert (semantic.dtype, instance.dtype) == (np.uint8, np.int32)
    np.testing.assert_array_equal(semantic, SEMANTIC)
    np.testing.assert_array_equal(instance, INSTANCE + 1)


def test_resume_keeps_complete_videos_and_rewrites_the_others(tmp_path):
    first = PredictionWriter(tmp_path, META)
    write_video(first, 1)
    write_video(first, 2, frames=3, finish=False)  # interrupted here, never closed
    again = PredictionWriter(tmp_path, META)
    assert manifest(tmp_path)['videos'] == {'1': 2}
    assert again.is_complete(1, 2)
    assert not again.is_complete(1, 3), 'the video has grown'
    assert not again.is_complete(2, 3)
    write_video(again, 2, frames=2)
    again.close()
    assert PredictionReader(tmp_path).frames(2) == [0, 1], 'a frame of the interrupted run was left'
    assert manifest(tmp_path)['videos'] == {'1': 2, '2': 2}


def test_lost_files_make_a_video_incomplete(tmp_path):
    writer = PredictionWriter(tmp_path, META)
    write_video(writer, 1)
    (tmp_path / 'panoptic/1/000001_000001_ins.png').unlink()
    assert not PredictionWriter(tmp_path, META).is_complete(1, 2)
    write_video(writer, 2)
    assert PredictionWriter(tmp_path, META).is_complete(2, 2)
    assert not PredictionWriter(tmp_path, META, final=True).is_complete(2, 2), 'no submission files yet'


def test_other_meta_is_refused_and_nothing_changes(tmp_path):
    with PredictionWriter(tmp_path, META) as writer:
        write_video(writer, 1)
    before = manifest(tmp_path)
    with pytest.raises(ValueError, match="another run .*checkpoint: 'abc' there, 'xyz' now"):
        PredictionWriter(tmp_path, dict(META, checkpoint='xyz'))
    assert manifest(tmp_path) == before


def test_starting_over(tmp_path):
    with PredictionWriter(tmp_path, META) as writer:
        write_video(writer, 1)
        write_video(writer, 2)
    fresh = PredictionWriter(tmp_path, META, resume=False)
    assert not fresh.is_complete(1, 2) and manifest(tmp_path)['videos'] == {}
    assert not list(tmp_path.rglob('*.png')), 'a score could mix both runs'
    write_video(fresh, 1, frames=1)
    assert fresh.is_complete(1, 1)
    other = PredictionWriter(tmp_path, dict(META, checkpoint='xyz'), resume=False)
    assert not other.is_complete(1, 1)
    assert manifest(tmp_path)['videos'] == {}, 'videos of another checkpoint'


def test_rewriting_a_video_takes_its_completeness_away(tmp_path):
    writer = PredictionWriter(tmp_path, META)
    write_video(writer, 1)
    again = PredictionWriter(tmp_path, META, resume=False)
    again.write(1, 0, SEMANTIC, INSTANCE)
    assert not PredictionWriter(tmp_path, META).is_complete(1, 2)


def _write_in_process(path, videos):
    with PredictionWriter(path, META) as writer:
        for video in videos:
            write_video(writer, video)


def test_two_writers_at_once(tmp_path):
    context = multiprocessing.get_context('spawn')
    shares = ([0, 2, 4, 6], [1, 3, 5, 7])
    workers = [context.Process(target=_write_in_process, args=(tmp_path, share)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert manifest(tmp_path)['videos'] == {str(v): 2 for v in range(8)}
    assert PredictionReader(tmp_path).videos() == list(range(8))


@pytest.mark.parametrize(
    'semantic, instance, message',
    [
        (SEMANTIC, INSTANCE[:2], 'must be one'),
        (SEMANTIC, INSTANCE + 65535, 'track ids must lie in 0..65535'),
        (SEMANTIC, INSTANCE - 1, 'track ids must lie in'),
        (SEMANTIC.astype(int) + 250, INSTANCE, 'classs? must lie in 0..255'),
    ],
)
def test_what_the_files_cannot_hold_is_refused(tmp_path, semantic, instance, message):
    writer = PredictionWriter(tmp_path, META)
    with pytest.raises(ValueError, match='prediction 000001_000005.*' + message):
        writer.write(1, 5, semantic, instance)
    assert not list(tmp_path.rglob('*.png'))


def test_uint8_instances_survive_the_submission_files(tmp_path):
    PredictionWriter(tmp_path, META, final=True).write(0, 0, SEMANTIC, SEMANTIC)
    assert read_png(tmp_path / 'final/0000/000000.png')[0, 0].tolist() == [13, 0, 13]


def test_damaged_manifest_is_named(tmp_path):
    (tmp_path / 'manifest.json').write_text('{"meta": ')
    with pytest.raises(ValueError, match='manifest.json: damaged'):
        PredictionWriter(tmp_path, META)


def _write_gray(path, dtype=np.uint16, shape=(4, 6)):
    write_png_atomic(path, np.zeros(shape, dtype))


def test_reader_names_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match='give the folder that tools/test_step.py wrote'):
        PredictionReader(tmp_path)
    (tmp_path / 'panoptic' / '2').mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='SSSSSS_FFFFFF_cat.png'):
        PredictionReader(tmp_path)
    _write_gray(tmp_path / 'panoptic/2/000002_000000_cat.png')
    with pytest.raises(FileNotFoundError, match='ins partner is missing'):
        PredictionReader(tmp_path)
    _write_gray(tmp_path / 'panoptic/2/000002_000000_ins.png', shape=(4, 5))
    with pytest.raises(ValueError, match='6x4.*5x4'):
        PredictionReader(tmp_path).read(2, 0)
    _write_gray(tmp_path / 'panoptic/2/000002_000000_ins.png', np.uint8, (4, 6, 3))
    with pytest.raises(ValueError, match='000002_000000_ins.png: expected a gray .* found 8-bit RGB'):
        PredictionReader(tmp_path).read(2, 0)
    _write_gray(tmp_path / 'panoptic/2/000009_000000_ins.png')
    with pytest.raises(ValueError, match='the name says video 9, the folder 2'):
        PredictionReader(tmp_path)


def test_eight_bit_predictions_of_others_are_read(tmp_path):
    for kind in ('cat', 'ins'):
        _write_gray(tmp_path / f'panoptic/0002/000002_000005_{kind}.png', np.uint8)
    reader = PredictionReader(tmp_path)
    assert reader.frames(2) == [5]
    assert reader.read(2, 5)[1].dtype == np.int32


def test_ground_truth(tmp_path):
    frame = golden_frame(0)
    frame[1][3, 3] = 1000
    _, root = write_world(tmp_path, {6: {10: frame, 7: golden_frame(1)}, 2: {0: golden_frame(2)}})
    truth = KittiStepGroundTruth(root)
    assert truth.videos() == [2, 6] and truth.frames(6) == [7, 10]
    semantic, instance = truth.read(6, 10)
    assert (semantic.dtype, instance.dtype) == (np.uint8, np.int32)
    np.testing.assert_array_equal(semantic, frame[0])
    np.testing.assert_array_equal(instance, frame[1])


def test_ground_truth_names_what_is_wrong(tmp_path):
    with pytest.raises(FileNotFoundError, match='give the data set root that holds video_sequence'):
        KittiStepGroundTruth(tmp_path)
    folder = tmp_path / 'video_sequence' / 'val'
    folder.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match='no SSSSSS_FFFFFF_panoptic.png'):
        KittiStepGroundTruth(tmp_path)
    for array, found in ((np.zeros((4, 6), np.uint8), '8-bit gray'), (np.zeros((4, 6, 3), np.uint16), '16-bit RGB')):
        write_png_atomic(folder / '000001_000000_panoptic.png', array)
        with pytest.raises(ValueError, match=f'000001_000000_panoptic.png: expected an 8-bit RGB .* found {found}'):
            KittiStepGroundTruth(tmp_path).read(1, 0)


def test_label_space_is_stored_and_older_folders_are_read(tmp_path):
    with PredictionWriter(tmp_path, META) as writer:
        writer.write(1, 5, SEMANTIC, INSTANCE)
    assert PredictionReader(tmp_path).label_space() is None
    PredictionWriter(tmp_path, META, label_space=KITTI_STEP).close()
    assert PredictionReader(tmp_path).label_space().classes == KITTI_STEP.classes
    assert manifest(tmp_path)['label_space']['name'] == 'kitti_step'


NAMES = {0: 'harbour', 1: 'street'}


def test_numbers_that_are_other_videos_are_refused_and_nothing_changes(tmp_path):
    with PredictionWriter(tmp_path, META, names=NAMES) as writer:
        write_video(writer, 0)
    before = manifest(tmp_path)
    with pytest.raises(
        ValueError, match='number 0 was harbour there and is street now; 2 of 2 numbers differ.*--fresh'
    ):
        PredictionWriter(tmp_path, META, names={0: 'street', 1: 'harbour'})
    with pytest.raises(ValueError, match=r'number 0 was harbour there and is street now; 1 of 1'):
        PredictionWriter(tmp_path, META, names={0: 'street'})
    assert manifest(tmp_path) == before
    PredictionWriter(tmp_path, META, resume=False, names={0: 'street'})
    assert manifest(tmp_path)['names'] == {'0': 'street'}


def test_names_are_kept_and_added(tmp_path):
    """Also those of videos that the list has lost, whose predictions are still there."""
    PredictionWriter(tmp_path, META).close()
    assert 'names' not in manifest(tmp_path)
    for names in (NAMES, {0: 'harbour', 2: 'field'}, None):
        PredictionWriter(tmp_path, META, names=names).close()
    assert manifest(tmp_path)['names'] == {'0': 'harbour', '1': 'street', '2': 'field'}
