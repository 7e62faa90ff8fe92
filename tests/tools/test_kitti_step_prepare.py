"""The KITTI-STEP preparation on a miniature of the official archives."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Dict, List

import pytest

ROOT = Path(__file__).parents[2]
FRAMES = 3


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / 'tools' / 'dataset'))
    import kitti_step_prepare

    monkeypatch.setattr(kitti_step_prepare, 'SEQUENCES', dict(train=(0, 1), val=(2,), test=(0,)))
    monkeypatch.setattr(kitti_step_prepare, 'EXPECTED', dict(train=2 * FRAMES, val=FRAMES))
    return kitti_step_prepare


@pytest.fixture(params=['release', 'older'])
def archives(request: pytest.FixtureRequest, tmp_path: Path) -> List[str]:
    """Folders like the unpacked downloads, each file with its own name as content."""
    images, labels = tmp_path / 'kitti', tmp_path / 'kitti-step'
    pattern = dict(release='panoptic_maps/{split}/{sequence:04d}', older='training/panoptic/{sequence:04d}')
    for split, sequences in dict(train=(0, 1), val=(2,)).items():
        for sequence in sequences:
            for folder in (
                images / 'training' / 'image_02' / f'{sequence:04d}',
                labels / pattern[request.param].format(split=split, sequence=sequence),
            ):
                folder.mkdir(parents=True)
                for frame in range(FRAMES):
                    (folder / f'{frame:06d}.png').write_text(f'{folder.name}/{frame} {"image_02" in str(folder)}')
    testing = images / 'testing' / 'image_02' / '0000'
    testing.mkdir(parents=True)
    (testing / '000000.png').write_text('test')
    return [str(images), str(labels)]


def listing(root: Path) -> Dict[str, str]:
    files = sorted((root / 'video_sequence').rglob('*'))
    return {str(path.relative_to(root / 'video_sequence')): path.read_text() for path in files if path.is_file()}


@pytest.mark.parametrize('mode', ['copy', 'link', 'move'])
def test_layout_and_second_run(
    tool: ModuleType, archives: List[str], tmp_path: Path, mode: str, capsys: pytest.CaptureFixture
) -> None:
    argv = ['--src', *archives, '--dst', str(tmp_path / 'out'), '--mode', mode]
    assert tool.main(argv) == 0
    first = listing(tmp_path / 'out')
    assert len(first) == 2 * 3 * FRAMES
    assert first['train/000001_000002_leftImg8bit.png'] == '0001/2 True'
    assert first['val/000002_000000_panoptic.png'] == '0002/0 False'
    capsys.readouterr()
    assert tool.main(argv) == 0
    assert 'train  0 files placed, 12 were there already' in capsys.readouterr().out
    assert listing(tmp_path / 'out') == first
    left = sum(len(files) for source in archives for _, _, files in os.walk(source))
    assert left == (1 if mode == 'move' else 2 * 3 * FRAMES + 1)


def test_test_split_has_images_only(tool: ModuleType, archives: List[str], tmp_path: Path) -> None:
    assert tool.main(['--src', *archives, '--dst', str(tmp_path / 'out'), '--splits', 'test']) == 0
    assert listing(tmp_path / 'out') == {'test/000000_000000_leftImg8bit.png': 'test'}


def test_dry_run_changes_nothing(
    tool: ModuleType, archives: List[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert tool.main(['--src', *archives, '--dst', str(tmp_path / 'out'), '--dry-run']) == 0
    assert '6 frames,    12 files' in capsys.readouterr().out
    assert not (tmp_path / 'out').exists()


def test_missing_files_are_named(
    tool: ModuleType, archives: List[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    next(Path(archives[1]).rglob('0001/000001.png')).unlink()
    argv = ['--src', *archives, '--dst', str(tmp_path / 'out')]
    assert tool.main(argv) == 1
    error = capsys.readouterr().err
    assert 'train sequence 0001: no panoptic file for frames 000001' in error and 'nothing was changed' in error
    assert not (tmp_path / 'out').exists()
    assert tool.main([*argv, '--partial']) == 0
    assert len(listing(tmp_path / 'out')) == 2 * 3 * FRAMES - 1


def test_whole_archive_missing(
    tool: ModuleType, archives: List[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert tool.main(['--src', archives[0], '--dst', str(tmp_path / 'out')]) == 1
    assert 'no panoptic files; expected below panoptic_maps/train' in capsys.readouterr().err


def test_short_release(
    tool: ModuleType,
    archives: List[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setitem(tool.EXPECTED, 'val', 100)
    assert tool.main(['--src', *archives, '--dst', str(tmp_path / 'out')]) == 1
    assert 'val: 3 frames, the release has 100' in capsys.readouterr().err


def test_changed_source_replaces_the_copy(tool: ModuleType, archives: List[str], tmp_path: Path) -> None:
    argv = ['--src', *archives, '--dst', str(tmp_path / 'out')]
    tool.main(argv)
    (tmp_path / 'out' / 'video_sequence' / 'val' / '000002_000000_leftImg8bit.png').write_text('half')
    tool.main(argv)
    assert listing(tmp_path / 'out')['val/000002_000000_leftImg8bit.png'] == '0002/0 True'


def test_command_line_errors(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / 'tools' / 'dataset' / 'kitti_step_prepare.py')]
    run = subprocess.run([*command, '--src', str(tmp_path / 'none')], capture_output=True, text=True, cwd=str(tmp_path))
    assert run.returncode == 2 and 'none is no folder' in run.stderr
    run = subprocess.run([*command, '--src', str(tmp_path)], capture_output=True, text=True, cwd=str(tmp_path))
    assert run.returncode == 1 and 'error: the data are incomplete' in run.stderr and 'Traceback' not in run.stderr
