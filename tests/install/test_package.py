"""The wheel: what a user has who installs it and never sees the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import List

import pytest

from knet.cli import complete
from knet.cli import main as cli
from knet.utils import package

REPO = Path(__file__).resolve().parents[2]
SOURCES = (
    'README.md',
    'LICENSE',
    'MANIFEST.in',
    'pyproject.toml',
    'setup.py',
    'model-index.yml',
    'configs',
    'knet',
    'knet_vis',
    'requirements',
    'tools',
    'tools_vis',
)
CONFIG = 'configs/toy/video_knet_toy_kitti_step.py'


@pytest.fixture(scope='module')
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the repository stays as it is."""
    folder = tmp_path_factory.mktemp('package')
    for name in SOURCES:
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, folder / 'source' / name, ignore=shutil.ignore_patterns('__pycache__'))
        else:
            (folder / 'source').mkdir(exist_ok=True)
            shutil.copy(REPO / name, folder / 'source' / name)
    pip('wheel', '--no-build-isolation', '-w', str(folder), str(folder / 'source'))
    (built,) = folder.glob('*.whl')
    return built


@pytest.fixture(scope='module')
def installed(wheel: Path) -> Path:
    """Install the wheel into a folder of its own."""
    pip('install', '--target', str(wheel.parent / 'site'), '--no-index', str(wheel))
    return wheel.parent / 'site'


def pip(*arguments: str) -> None:
    command = [
        sys.executable,
        '-m',
        'pip',
        arguments[0],
        '-q',
        '--no-deps',
        '--disable-pip-version-check',
        *arguments[1:],
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout


def run(site: Path, folder: Path, *command: str) -> str:
    """Run Python in an empty folder, with the installed package before that of the repository."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(site), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.process
def test_wheel_holds_what_commands_need(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
        (entry_points,) = [name for name in names if name.endswith('entry_points.txt')]
        assert 'video-knet = knet.cli.main:main' in content.read(entry_points).decode()
    assert {'knet/py.typed', 'knet_vis/py.typed', 'knet/.mim/model-index.yml', f'knet/.mim/{CONFIG}'} <= names
    programs = {program for program, _ in cli.COMMANDS.values() if program.endswith('.py')}
    assert {f'knet/.mim/{program}' for program in programs} <= names
    assert not any('__pycache__' in name or name.startswith(('tests', 'build')) for name in names)


@pytest.mark.process
def test_command_works_anywhere(installed: Path, tmp_path: Path) -> None:
    script = str(installed / 'bin' / 'video-knet')
    assert 'usage: video-knet COMMAND' in run(installed, tmp_path, script, '--help')
    assert CONFIG[len('configs/') :] in run(installed, tmp_path, '-m', 'knet', 'configs').splitlines()
    help_text = run(installed, tmp_path, script, 'data', 'toy', '--help')
    assert 'usage: video-knet data toy' in help_text and '--layout' in help_text
    options = ('--train', '1', '--val', '1', '--frames', '2', '--height', '64', '--width', '128')
    made = run(installed, tmp_path, script, 'data', 'toy', '--out', 'toy', *options)
    assert '1 training + 1 validation videos of 2 frames written' in made
    assert list(tmp_path.glob('toy/**/*.png'))


@pytest.mark.process
def test_config_resolves_without_the_repository(installed: Path, tmp_path: Path) -> None:
    code = f'from knet.apis import load_config; cfg = load_config("{Path(CONFIG).stem}"); print(cfg.model.type)'
    said = run(installed, tmp_path, '-W', 'ignore', '-c', f'{code}; print(cfg.filename)').split()
    assert said == ['VideoKNetQuansiEmbedFCJointTrain', str(installed / 'knet' / '.mim' / CONFIG)]


@pytest.mark.process
def test_without_mmcv_one_error_names_the_command_that_completes(tmp_path: Path) -> None:
    (tmp_path / 'mmcv.py').write_text("raise ModuleNotFoundError('No module named mmcv')\n")
    done = subprocess.run(
        [sys.executable, '-m', 'knet', 'train', 'video_knet_toy_kitti_step'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join([str(tmp_path), str(REPO)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr, done.stderr
    assert 'error: ImportError: knet needs mmcv 1.7.2' in done.stderr and '"python -m knet setup"' in done.stderr


@pytest.mark.parametrize('name', [CONFIG, CONFIG[:-3], CONFIG[len('configs/') :], Path(CONFIG).stem, Path(CONFIG).name])
def test_shipped_configs_have_names(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert package.find_config(name) == str(REPO / CONFIG)


def test_a_file_comes_before_a_shipped_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / Path(CONFIG).name).touch()
    assert package.find_config(Path(CONFIG).name) == Path(CONFIG).name


def test_unknown_and_ambiguous_names_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert package.find_config('no_such_config') == 'no_such_config'
    monkeypatch.setattr(package, 'config_names', lambda: ['a/same.py', 'b/same.py'])
    assert package.find_config('same') == 'same'


def test_every_command_has_its_program() -> None:
    programs = [program for program, _ in cli.COMMANDS.values() if program.endswith('.py')]
    assert not [program for program in programs if not (REPO / program).is_file()]


@pytest.mark.parametrize(
    'words, name, left',
    [
        (['train', 'x.py', '--seed', '0'], 'train', ['x.py', '--seed', '0']),
        (['test', 'image', 'x.py'], 'test image', ['x.py']),
        (['test', 'x.py'], 'test', ['x.py']),
        (['eval', 'stq', 'out'], 'eval stq', ['out']),
    ],
)
def test_words_choose_a_command(words: List[str], name: str, left: List[str]) -> None:
    assert cli.choose(words) == (name, left)


@pytest.mark.parametrize(
    'words, message',
    [
        (['trian'], 'unknown command trian; there are train, test, eval, '),
        (['eval', 'pq'], 'unknown command eval pq; there are eval stq, eval vpq, '),
        (['data'], 'unknown command data; there are data toy, '),
    ],
)
def test_unknown_commands_name_those_there_are(words: List[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        cli.choose(words)


def test_setup_knows_what_comes_without_requirements() -> None:
    assert complete.unconstrained_requirements() == ['panopticapi-lite==0.2.0']
    assert complete.installed_version('no-such-package') is None
