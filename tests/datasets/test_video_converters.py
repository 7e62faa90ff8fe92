"""Converters of VIPSeg and Cityscapes-VPS on toy videos in their layouts."""

import json
import shutil
from pathlib import Path
from typing import Any, Callable, Dict

import cv2
import numpy as np
import pytest
from PIL import Image

from knet.datasets import CityscapesVPSDataset, VIPSegDVPSDataset
from knet.labels import VIPSEG
from knet.layouts.check import check_layout
from knet.layouts.vipseg import VIPSegGroundTruth
from knet.toy import ToySpec, make_toy_videos
from knet.utils.io import read_png, write_png_atomic

from .toy_sets import GRAY, IMAGE, LOAD, MASK, SPEC, first, tool


class TestResize:
    """tools/dataset/vipseg_resize_720p.py."""

    @pytest.fixture
    def resize(self) -> Any:
        return tool('vipseg_resize_720p')

    def test_frames_are_resized_once(
        self, resize: Any, originals: Dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture
    ) -> None:
        source = originals['vipseg']
        argv = ['--src', str(source), '--dst', str(tmp_path / 'out'), '--size', '24']
        assert resize.main([*argv, '--dry-run']) == 0 and not (tmp_path / 'out').exists()
        assert resize.main(argv) == 0
        assert '30 frames placed, 0 were there already' in capsys.readouterr().out
        for part in (MASK, IMAGE):
            assert cv2.imread(str(tmp_path / 'out' / part), cv2.IMREAD_UNCHANGED).shape[:2] == (24, 48)
        # Nearest neighbour: no value that wasn't there.
        assert set(np.unique(read_png(tmp_path / 'out' / MASK))) <= set(np.unique(read_png(source / MASK)))
        (tmp_path / 'out' / IMAGE).unlink()
        assert resize.main(argv) == 0
        assert '1 frames placed, 29 were there already' in capsys.readouterr().out
        dataset = VIPSegDVPSDataset(LOAD, str(tmp_path / 'out'), split='val', test_mode=True)
        assert dataset[0]['gt_id_map'].shape == (24, 48)

    def test_frames_of_the_right_size_are_linked(self, resize: Any, originals: Dict[str, Path], tmp_path: Path) -> None:
        argv = ['--src', str(originals['vipseg']), '--dst', str(tmp_path), '--size', '48', '--mode', 'link']
        assert resize.main([*argv, '--splits', 'val']) == 0
        assert (tmp_path / MASK).resolve() == (originals['vipseg'] / MASK).resolve()
        assert not (tmp_path / 'train.txt').exists()

    @pytest.mark.parametrize(
        'spoil, message',
        [
            (lambda r: (r / MASK).unlink(), 'val video 5000_toystreet: no label map for image 00000000 (1 in all)'),
            (lambda r: (r / IMAGE).unlink(), 'missing: val video 5000_toystreet: no image for label map 00000000'),
            (lambda r: shutil.rmtree(str(r / 'images/5001_toystreet')), '5001_toystreet: no such folder'),
        ],
    )
    def test_missing_files_are_named(
        self,
        resize: Any,
        copy: Callable[[str], Path],
        tmp_path: Path,
        spoil: Callable,
        message: str,
        capsys: pytest.CaptureFixture,
    ) -> None:
        root = copy('vipseg')
        spoil(root)
        assert resize.main(['--src', str(root), '--dst', str(tmp_path / 'out')]) == 1
        assert message in capsys.readouterr().err and not (tmp_path / 'out').exists()

    def test_folders_and_sizes_do_not_mix(self, resize: Any, originals: Dict[str, Path], tmp_path: Path) -> None:
        source = str(originals['vipseg'])
        with pytest.raises(ValueError, match='would be overwritten'):
            resize.main(['--src', source, '--dst', source])
        (tmp_path / 'short_side.txt').write_text('360\n')
        with pytest.raises(ValueError, match='short side of 360 pixels, not 720'):
            resize.main(['--src', source, '--dst', str(tmp_path)])

    def test_the_short_side_decides_and_sizes_are_rounded(self, resize: Any) -> None:
        """These are the sizes that DATASET.md compares with those of the script of the VIPSeg-Dataset project."""
        sizes = [resize.new_size((height, width), 720) for width, height in ((1920, 1080), (1366, 768), (1080, 1920))]
        assert sizes == [(1280, 720), (1281, 720), (720, 1280)]

    def test_mask_of_another_size(self, resize: Any, copy: Callable[[str], Path], tmp_path: Path) -> None:
        root = copy('vipseg')
        write_png_atomic(root / MASK, GRAY[:40])
        with pytest.raises(ValueError, match='96x40, but its image .*96x48'):
            resize.main(['--src', str(root), '--dst', str(tmp_path / 'out')])
        assert not (tmp_path / 'out' / IMAGE).exists() and not (tmp_path / 'out' / 'val.txt').exists()


def test_frames_of_the_script_of_vipseg_are_used_as_they_are(tmp_path: Path) -> None:
    """It makes the height of all frames one number, cuts the width off, and copies no list of videos."""
    release, made, height = tmp_path / 'VIPSeg', tmp_path / 'VIPSeg_720P', 24
    make_toy_videos(release, 'vipseg', ToySpec(train=0, val=1, frames=2, height=96, width=62))
    for folder, way in (('images', Image.BILINEAR), ('panomasks', Image.NEAREST)):
        for path in (release / folder).glob('*/*'):
            target = made / path.relative_to(release)
            target.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(path) as picture:
                picture.resize((int(height * picture.width / picture.height), height), way).save(target)
    shutil.copy(release / 'val.txt', made / 'val.txt')
    found = check_layout(VIPSegGroundTruth, made, 'val', VIPSEG)
    assert (found.problems, found.images) == ([], 2)
    sample = VIPSegDVPSDataset(LOAD, str(made), split='val', test_mode=True)[0]
    assert sample['gt_id_map'].shape == sample['img'].shape[:2] == (24, 15)
    values = {path.name: set(np.unique(read_png(path))) for path in (release / 'panomasks').glob('*/*')}
    assert all(set(np.unique(read_png(path))) <= values[path.name] for path in (made / 'panomasks').glob('*/*'))


class TestPrepareCityscapesVPS:
    """tools/dataset/cityscapes_vps_prepare.py."""

    @pytest.fixture
    def release(self, originals: Dict[str, Path], tmp_path: Path) -> Path:
        """Return the files that the toy wrote, without those that the tool adds."""
        root = Path(shutil.copytree(str(originals['cityscapes-vps']), str(tmp_path / 'release')))
        shutil.rmtree(str(root / 'train' / 'panoptic_video'))
        (root / 'panoptic_gt_train_city_vps.json').unlink()
        return root

    def test_training_labels_are_those_of_the_street(
        self, release: Path, tmp_path: Path, capsys: pytest.CaptureFixture
    ) -> None:
        argv = ['--src', str(release), '--dst', str(tmp_path / 'out'), '--mode', 'link']
        prepare = tool('cityscapes_vps_prepare')
        assert prepare.main([*argv, '--dry-run']) == 0 and not (tmp_path / 'out').exists()
        for _ in range(2):
            assert prepare.main(argv) == 0
            assert 'train  checked: 2 labelled frames of 1 videos' in capsys.readouterr().out
        truth = CityscapesVPSDataset([], str(tmp_path / 'out'), split='train').ground_truth()
        for number in truth.frames(0):
            frame = SPEC.street('train', 0).render_frame(number)
            semantic, instance = truth.read(0, number)
            assert np.array_equal(semantic, frame.semantic)
            assert np.array_equal(instance > 0, frame.instance > 0)

    @pytest.mark.parametrize(
        'change, message',
        [
            (dict(category_id=2), 'has category 2; things have their train id'),
            (
                dict(segmentation=dict(size=[4, 4], counts=[16])),
                r'mask of annotation 1 .*labelmap.* is \(4, 4\), its image',
            ),
            (dict(image_id=77), 'annotation 1 has no inst_id or no image'),
        ],
    )
    def test_bad_instances(self, release: Path, tmp_path: Path, change: dict, message: str) -> None:
        path = release / 'instances_train_city_vps_rle.json'
        document = json.loads(path.read_text())
        document['annotations'][0].update(change)
        path.write_text(json.dumps(document))
        with pytest.raises(ValueError, match=message):
            tool('cityscapes_vps_prepare').main(['--src', str(release), '--dst', str(tmp_path / 'out')])
        assert not (tmp_path / 'out' / 'panoptic_gt_train_city_vps.json').exists()

    def test_uncompressed_masks_are_read(self, release: Path, tmp_path: Path) -> None:
        path = release / 'instances_train_city_vps_rle.json'
        document = json.loads(path.read_text())
        # The first 48 pixels in column order: the leftmost column.
        document['annotations'] = [
            dict(
                document['annotations'][0],
                inst_id=70000,
                category_id=13,
                segmentation=dict(size=[48, 96], counts=[0, 48, 48 * 95]),
            )
        ]
        path.write_text(json.dumps(document))
        assert tool('cityscapes_vps_prepare').main(['--src', str(release), '--dst', str(tmp_path / 'out')]) == 0
        dataset = CityscapesVPSDataset([], str(tmp_path / 'out'), split='train')
        semantic, instance = dataset.read_panoptic(0)
        assert set(semantic[:, 0]) == {13} and (instance[:, 0] == 1).all() and not instance[:, 1:].any()

    def test_missing_files_are_named(self, release: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
        first(release, 'train/labelmap/*').unlink()
        (release / 'panoptic_gt_val_city_vps.json').unlink()
        argv = ['--src', str(release), '--dst', str(tmp_path / 'out')]
        assert tool('cityscapes_vps_prepare').main(argv) == 1
        error = capsys.readouterr().err
        assert 'final_mask.png' in error and 'val: no' in error and not (tmp_path / 'out').exists()


class TestMergeCityscapesVPS:
    """``panoptic`` of tools/dataset/cityscapes_vps_merge.py."""

    def test_an_object_is_known_by_its_class_and_the_end_of_its_id(self) -> None:
        """The class is that of most pixels; 24001 and 25001 are both of persons (11), 26001 is of a car (13)."""
        merge, numbers = tool('cityscapes_vps_merge').panoptic, {}
        classes = np.array([[11, 11, 11, 12, 13, 0]], np.uint8)
        semantic, instance = merge(classes, np.array([[24001, 25001, 25001, 25001, 26001, 7]]), numbers)
        assert semantic.tolist() == [[11, 11, 11, 11, 13, 0]] and instance.tolist() == [[1, 1, 1, 1, 2, 0]]
        # In a later frame most pixels of 25001 are a rider (12), which is another object.
        classes = np.array([[12, 12, 11, 11, 13, 13]], np.uint8)
        semantic, instance = merge(classes, np.array([[25001, 25001, 25001, 24002, 24001, 0]]), numbers)
        assert semantic.tolist() == [[12, 12, 12, 11, 13, 255]]
        assert instance.tolist() == [[4, 4, 4, 3, 2, 0]]
