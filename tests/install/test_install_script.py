"""tools/install.sh and its neighbours: every bad machine gets one clear error, and nothing is loaded."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Dict, Optional

import pytest

pytestmark = pytest.mark.process

REPO = Path(__file__).resolve().parents[2]
BASIC = (
    'bash',
    'sh',
    'dirname',
    'cat',
    'cksum',
    'sed',
    'grep',
    'tail',
    'cut',
    'awk',
    'mktemp',
    'rm',
    'sleep',
    'printf',
    'ls',
    'mkdir',
    'chmod',
    'env',
    'getconf',
)

SCRIPTS = ('install.sh', 'quickstart.sh', 'run_tests.sh', 'wheelhouse.sh')
COPIED = (
    'requirements',
    'setup.py',
    'pyproject.toml',
    'knet/cli',
    'knet/utils/torch_ops.py',
    *(f'tools/{name}' for name in SCRIPTS),
)


class Machine:
    """A copy of the project's installer on a machine that has only what a test puts on its PATH."""

    def __init__(self, folder: Path) -> None:
        self.repo = folder / 'project'
        self.bin = folder / 'bin'
        self.bin.mkdir()
        for name in COPIED:
            (self.repo / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (REPO / name).is_dir() else shutil.copy
            copy(REPO / name, self.repo / name)
        (self.repo / 'knet' / '__init__.py').write_text("__version__ = '0.1.0'\n")
        for name in BASIC:
            if shutil.which(name):
                (self.bin / name).symlink_to(shutil.which(name))
        self.disk(free_gb=100)

    def program(self, name: str, script: str, folder: Optional[Path] = None) -> Path:
        """Put a shell script on the PATH, or into ``folder``."""
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!{shutil.which("sh")}\n{script}\n')
        path.chmod(0o755)
        return path

    def disk(self, free_gb: int) -> None:
        """Let ``df`` say that so much is free, however full the disk of the tests is."""
        head = 'Filesystem 1024-blocks Used Available Capacity Mounted on'
        line = f'pretended 209715200 0 {free_gb * 1024 * 1024} 50% /'
        self.program('df', f'echo "{head}"; echo "{line}"')

    def python(
        self,
        version: str,
        name: str = 'python3',
        pip: str = 'exit 0',
        folder: Optional[Path] = None,
        installed: str = '',
    ) -> Path:
        """Put a pretended Python on the PATH that has a version, the packages ``installed`` and makes environments."""
        return self.program(
            name,
            f"""
case "$*" in
    *platform.python_version*) echo {version} ;;
    *ensurepip*) exit 0 ;;
    *"-m venv"*) mkdir -p "$3/bin"; cat "$0" >"$3/bin/python"; chmod +x "$3/bin/python" ;;
    *"-m pip"* | *"-m knet setup") {pip} ;;
    *"import sys; from importlib.metadata"*)
        shift 2
        for package in "$@"; do case " {installed} " in *" $package "*) ;; *) exit 1 ;; esac; done ;;
    "-") cat >/dev/null; echo numpy ;;
    *"import cv2"*) exit 0 ;;
esac""",
            folder,
        )

    def run(self, *args: str, script: str = 'install.sh', **env: str) -> 'subprocess.CompletedProcess[str]':
        scratch = self.repo.parent / 'scratch'
        scratch.mkdir(exist_ok=True)
        full: Dict[str, str] = {'PATH': str(self.bin), 'HOME': str(self.repo.parent), 'TMPDIR': str(scratch), **env}
        return subprocess.run(
            [str(self.bin / 'bash'), str(self.repo / 'tools' / script), *args],
            env=full,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )

    def fails(self, *args: str, **env: str) -> str:
        done = self.run(*args, **env)
        assert done.returncode == 1, done.stdout
        assert done.stdout.count('error: ') == 1, done.stdout
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_no_python_at_all(machine: Machine) -> None:
    output = machine.fails()
    assert 'no suitable Python found: 3.8 to 3.14 is needed' in output and 'PYTHON=' in output


def test_only_wrong_pythons_are_named(machine: Machine) -> None:
    machine.python('3.7.16', 'python3')
    machine.python('3.15.0', 'python')
    output = machine.fails()
    assert 'python3 (3.7.16)' in output and 'python (3.15.0)' in output


@pytest.mark.parametrize('version', ['3.8.18', '3.13.1', '3.14.0'])
def test_every_python_from_3_8_to_3_14_serves(machine: Machine, version: str) -> None:
    machine.python(version)
    done = machine.run()
    assert done.returncode == 0 and 'ready in' in done.stdout, done.stdout


def test_a_shim_that_starts_nothing_is_called_that(machine: Machine, tmp_path: Path) -> None:
    shim = machine.program('python3', 'echo "pyenv: command not found" >&2; exit 127', tmp_path / 'shims')
    assert f'PYTHON={shim} is a pyenv shim that starts no Python' in machine.fails(PYTHON=str(shim))
    output = machine.fails(PATH=f'{machine.bin}{os.pathsep}{shim.parent}')
    assert 'no suitable Python found' in output and 'python3 (a pyenv shim that starts no Python' in output


@pytest.mark.parametrize('script', SCRIPTS)
def test_help_installs_nothing(machine: Machine, script: str) -> None:
    done = machine.run('--help', script=script)
    assert done.returncode == 0 and f'bash tools/{script}' in done.stdout, done.stdout
    assert 'set -euo' not in done.stdout and '[1/' not in done.stdout
    assert not (machine.repo / '.venv').exists()


def test_quickstart_knows_no_options(machine: Machine) -> None:
    done = machine.run('--fast', script='quickstart.sh')
    assert done.returncode == 1 and 'error: unknown option --fast' in done.stdout


def test_a_shim_that_does_not_work_is_passed_over(machine: Machine) -> None:
    machine.program('python3', 'echo "pyenv: version not installed" >&2; exit 127')
    machine.python('3.10.13', 'python3.10')
    done = machine.run()
    assert done.returncode == 0, done.stdout
    assert 'ready in' in done.stdout


@pytest.mark.parametrize(
    'arguments, version, message',
    [
        ((), '3.15.1', 'is Python 3.15.1; 3.8 to 3.14 is needed'),
        (('--full',), '3.12.1', 'is Python 3.12.1; 3.8 to 3.11 (for --full) is needed'),
    ],
)
def test_the_python_asked_for_must_suit(machine: Machine, arguments: tuple, version: str, message: str) -> None:
    path = machine.python(version, 'mypython')
    assert message in machine.fails(*arguments, PYTHON=str(path))


def test_the_python_asked_for_must_exist(machine: Machine) -> None:
    assert 'PYTHON=nowhere does not exist' in machine.fails(PYTHON='nowhere')


def test_active_environment_with_wrong_python(machine: Machine, tmp_path: Path) -> None:
    machine.python('3.7.16', 'python', folder=tmp_path / 'venv' / 'bin')
    assert f'the environment {tmp_path}/venv has Python 3.7.16' in machine.fails(VIRTUAL_ENV=str(tmp_path / 'venv'))


def test_active_environment_that_was_removed(machine: Machine, tmp_path: Path) -> None:
    assert 'has no Python' in machine.fails(VIRTUAL_ENV=str(tmp_path / 'gone'))


def test_python_without_venv(machine: Machine) -> None:
    machine.python('3.9.18')
    text = (machine.bin / 'python3').read_text().replace('*ensurepip*) exit 0', '*ensurepip*) exit 1')
    (machine.bin / 'python3').write_text(text)
    assert 'apt install python3-venv' in machine.fails()


def test_disk_too_small(machine: Machine) -> None:
    machine.python('3.11.7')
    machine.disk(free_gb=3)
    output = machine.fails()
    assert 'not enough disk space' in output and '3 GB free, 8 GB needed' in output
    assert not (machine.repo / '.venv').exists()


def test_disk_becomes_full(machine: Machine) -> None:
    machine.python('3.11.7', pip='echo "ERROR: Could not install: [Errno 28] No space left on device"; exit 1')
    assert 'the disk became full' in machine.fails()


def test_no_network(machine: Machine) -> None:
    machine.python('3.11.7', pip='echo "NewConnectionError: Failed to establish a new connection"; exit 1')
    output = machine.fails()
    assert 'no network: pip, setuptools, wheel' in output and 'PIP_FIND_LINKS' in output


def test_another_failure_shows_the_last_lines(machine: Machine) -> None:
    machine.python('3.11.7', pip='echo "ERROR: ResolutionImpossible"; exit 1')
    output = machine.fails()
    assert 'ERROR: ResolutionImpossible' in output and 'failed: pip, setuptools, wheel' in output


def test_full_flavour_without_compiler(machine: Machine) -> None:
    machine.python('3.11.7', pip='case "$*" in *download*) exit 1 ;; esac')
    output = machine.fails('--full')
    assert 'no C++ compiler found' in output and 'without --full' in output
    assert 'PyTorch: ' not in output  # it stops before loading gigabytes


def test_unknown_argument(machine: Machine) -> None:
    assert 'unknown argument --fulll' in machine.fails('--fulll')


def test_print_python_before_and_after(machine: Machine) -> None:
    assert 'run bash tools/install.sh' in machine.fails('--print-python')
    machine.python('3.11.7', 'python', folder=machine.repo / '.venv' / 'bin')
    assert machine.run('--print-python').stdout == f'{machine.repo}/.venv/bin/python\n'


def test_second_call_does_nothing_until_requirements_change(machine: Machine) -> None:
    packages = 'torch mmdet mmsegmentation video-knet'
    machine.python('3.11.7', pip=f'echo "$*" >>{machine.repo}/pip.txt', installed=packages)
    assert 'ready in' in machine.run().stdout
    calls = (machine.repo / 'pip.txt').read_text()
    assert '-e .' in calls and '-m knet setup' in calls and '--no-build-isolation' in calls
    again = machine.run()
    assert again.returncode == 0 and again.stdout == f'install: {machine.repo}/.venv is ready\n'
    assert (machine.repo / 'pip.txt').read_text() == calls
    with (machine.repo / 'requirements' / 'runtime.txt').open('a') as file:
        file.write('rich\n')
    assert '[1/6]' in machine.run().stdout


def test_torch_of_the_users_choice(machine: Machine) -> None:
    machine.python('3.10.13', pip=f'echo "$*" >>{machine.repo}/pip.txt')
    assert machine.run(TORCH='torch==2.0.1 torchvision==0.15.2').returncode == 0
    assert 'torch==2.0.1 torchvision==0.15.2\n' in (machine.repo / 'pip.txt').read_text()


@pytest.mark.parametrize('script', SCRIPTS)
def test_shell_syntax(script: str) -> None:
    assert subprocess.run(['bash', '-n', str(REPO / 'tools' / script)]).returncode == 0


def test_ci_runs_the_tests_script() -> None:
    assert os.access(REPO / '.ci' / 'run', os.X_OK)
    assert 'exec bash tools/run_tests.sh' in (REPO / '.ci' / 'run').read_text()
