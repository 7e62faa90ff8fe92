"""The shell launchers: argument forms, several nodes, Slurm; python and srun are stand-ins."""

import os
import shutil
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from .conftest import ENVIRONMENT, ROOT, free_port

pytestmark = pytest.mark.process

SHELLS = [shell for shell in ('sh', 'dash', 'bash') if shutil.which(shell)]


@pytest.fixture
def stand_ins(tmp_path: Path) -> Path:
    """Folder with ``python`` and ``srun`` that print their arguments, one a line."""
    for name in ('python', 'srun'):
        path = tmp_path / name
        path.write_text(
            f'#!/bin/sh\nif [ "$1" = -c ]; then echo 12345; exit; fi\necho {name}\nfor a in "$@"; do echo "$a"; done\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return tmp_path


def words(stand_ins: Path, shell: str, script: str, *args: str, **env: str) -> Tuple[int, List[str], str]:
    """Exit code, the words of the started command, and the error output."""
    clean = {key: value for key, value in os.environ.items() if key not in ('PYTHON', 'OMP_NUM_THREADS')}
    done = subprocess.run(
        [shell, str(ROOT / 'tools' / script), *args],
        capture_output=True,
        text=True,
        env=dict(clean, PATH=f'{stand_ins}:{os.environ["PATH"]}', **env),
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.mark.parametrize('shell', SHELLS)
@pytest.mark.parametrize(
    'script, args, end',
    [
        (
            'dist_train.sh',
            ['job', 'c.py', '8', 'w d', '--seed', '1'],
            ['train.py', 'c.py', '--work-dir', 'w d', '--seed', '1', '--launcher', 'pytorch'],
        ),
        (
            'dist_train.sh',
            ['c.py', '8', '--cfg-options', 'a=[1, 2]'],
            ['train.py', 'c.py', '--cfg-options', 'a=[1, 2]', '--launcher', 'pytorch'],
        ),
        (
            'dist_step_test.sh',
            ['c.py', 'work_dir', '8', '--eval', 'stq'],
            ['test_step.py', 'c.py', 'work_dir', '--eval', 'stq', '--launcher', 'pytorch'],
        ),
        ('dist_test.sh', ['c.py', 'a.pth', '8'], ['test.py', 'c.py', 'a.pth', '--launcher', 'pytorch']),
        (
            'inference_kitti_step.sh',
            ['c.py', 'work_dir', 'log dir', '--final'],
            [
                'test_step.py',
                'c.py',
                'work_dir',
                '--out-dir',
                'log dir',
                '--eval',
                'stq',
                'vpq',
                '--final',
                '--launcher',
                'pytorch',
            ],
        ),
    ],
)
def test_argument_forms(stand_ins: Path, shell: str, script: str, args: List[str], end: List[str]) -> None:
    code, found, error = words(stand_ins, shell, script, *args, GPUS='8')
    assert code == 0, error
    assert found[0] == 'python' and found[1].endswith('tools/_torchrun.py')
    assert '--nproc_per_node=8' in found and '--nnodes=1' in found and '--master_port=12345' in found
    assert [os.path.basename(found[-len(end)]), *found[-len(end) + 1 :]] == end
    assert os.path.isabs(found[-len(end)])


@pytest.mark.parametrize('script', ['dist_step_test.sh', 'dist_test.sh'])
def test_gpus_may_be_left_out(stand_ins: Path, script: str) -> None:
    _, found, _ = words(stand_ins, 'sh', script, 'c.py', 'a.pth', '--eval', 'stq')
    assert '--nproc_per_node=1' in found and found[-4:] == ['--eval', 'stq', '--launcher', 'pytorch']


def test_several_nodes(stand_ins: Path) -> None:
    _, found, _ = words(stand_ins, 'sh', 'dist_train.sh', 'c.py', '4', NNODES='2', NODE_RANK='1', MASTER_ADDR='node0')
    assert {'--nnodes=2', '--node_rank=1', '--master_addr=node0', '--master_port=29500'} <= set(found)
    # Nodes of another job on the same port are not taken.
    assert {'--rdzv_id=train.py-c.py', '--rdzv_conf=timeout=600'} <= set(found)


def node(rank: int, *args: Any, **env: str) -> 'subprocess.Popen[str]':
    """Start ``dist_train.sh`` with one process as one of two nodes, which are both this machine."""
    return subprocess.Popen(
        ['sh', str(ROOT / 'tools/dist_train.sh'), *map(str, args)],
        env={**ENVIRONMENT, 'NNODES': '2', 'MASTER_ADDR': '127.0.0.1', 'NODE_RANK': str(rank), **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_two_nodes_train(toy_config: Path, tmp_path: Path) -> None:
    words = ['job', toy_config, '1', tmp_path, '--no-validate', '--seed', '5', '--cfg-options', 'runner.max_epochs=1']
    port = str(free_port())
    nodes = [node(rank, *words, PORT=port) for rank in (1, 0)]
    texts = [process.communicate(timeout=240)[0] for process in nodes]
    assert [process.returncode for process in nodes] == [0, 0], '\n'.join(texts)
    assert (tmp_path / 'latest.pth').is_file()


@pytest.mark.parametrize(
    'rank, address, reason',
    [(0, '127.0.0.1', '1/2 clients joined'), (1, '127.0.0.1', 'refused'), (1, 'no-node.invalid', 'name is not known')],
)
def test_a_node_that_cannot_be_reached_is_named(rank: int, address: str, reason: str) -> None:
    port = str(free_port())
    text = node(rank, 'c.py', '1', MASTER_ADDR=address, NODE_TIMEOUT='1', PORT=port).communicate(timeout=60)[0]
    assert f'error: node {rank} of 2 did not meet the others at {address}:{port} (' in text, text
    assert reason in text and 'NODE_TIMEOUT' in text and 'Traceback' not in text


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(('', 0))
        other.listen()
        port = other.getsockname()[1]
        text = node(0, 'c.py', '1', NODE_TIMEOUT='1', PORT=str(port)).communicate(timeout=60)[0]
    assert f'error: port {port} of this machine is taken' in text and 'Traceback' not in text, text


@pytest.mark.parametrize('shell', SHELLS)
@pytest.mark.parametrize(
    'script, env, expected, end',
    [
        (
            'slurm_train.sh',
            {},
            ['--gres=gpu:8', '--ntasks=8', '--ntasks-per-node=8', '--cpus-per-task=5'],
            ['c.py', '--work-dir', 'w', '--no-validate', '--launcher', 'slurm'],
        ),
        (
            'slurm_train.sh',
            dict(GPUS='16', SRUN_ARGS='--qos=high --time=5', CPUS_PER_TASK='3'),
            ['--gres=gpu:8', '--ntasks=16', '--ntasks-per-node=8', '--cpus-per-task=3', '--qos=high', '--time=5'],
            ['c.py', '--work-dir', 'w', '--no-validate', '--launcher', 'slurm'],
        ),
        (
            'slurm_test_step.sh',
            {},
            ['--gres=gpu:1', '--ntasks=1', '--ntasks-per-node=1'],
            ['c.py', 'w', '--no-validate', '--launcher', 'slurm'],
        ),
        (
            'slurm_test.sh',
            dict(GPUS='4'),
            ['--gres=gpu:4', '--ntasks=4', '--ntasks-per-node=4'],
            ['c.py', 'w', '--no-validate', '--launcher', 'slurm'],
        ),
    ],
)
def test_slurm(stand_ins: Path, shell: str, script: str, env: Any, expected: List[str], end: List[str]) -> None:
    code, found, error = words(stand_ins, shell, script, 'part', 'job', 'c.py', 'w', '--no-validate', **env)
    assert code == 0, error
    assert found[:4] == ['srun', '-p', 'part', '--job-name=job'] and '--kill-on-bad-exit=1' in found
    assert set(expected) <= set(found) and found[-len(end) :] == end


def test_slurm_without_gpus(stand_ins: Path) -> None:
    _, found, _ = words(stand_ins, 'sh', 'slurm_train.sh', 'p', 'j', 'c.py', 'w', DEVICE='cpu', GPUS='2')
    assert not [word for word in found if word.startswith('--gres')] and '--ntasks=2' in found


@pytest.mark.parametrize('shell', SHELLS)
@pytest.mark.parametrize(
    'script, args, env, message',
    [
        ('dist_train.sh', [], {}, '4 arguments are needed, got 0'),
        ('dist_train.sh', ['job', 'c.py', '8'], {}, '4 arguments are needed, got 3'),
        ('dist_train.sh', ['c.py'], {}, '2 arguments are needed, got 1'),
        ('dist_train.sh', ['c.py', 'eight'], {}, "GPUS must be a number >= 1, not 'eight'"),
        ('dist_train.sh', ['c.py', '0'], {}, "GPUS must be a number >= 1, not '0'"),
        ('dist_train.sh', ['c.py', '4'], dict(NNODES='2'), 'NNODES > 1 needs MASTER_ADDR'),
        ('dist_train.sh', ['c.py', '4'], dict(NNODES='2', MASTER_ADDR='n0'), 'NNODES > 1 needs NODE_RANK'),
        ('dist_train.sh', ['c.py', '4'], dict(NNODES='2', MASTER_ADDR='n0', NODE_RANK='2'), 'NODE_RANK counts from 0'),
        ('dist_train.sh', ['c.py', '4'], dict(NNODES='two'), "NNODES must be a number >= 1, not 'two'"),
        ('dist_train.sh', ['c.py', '4'], dict(PORT='http'), "PORT must be a number >= 1, not 'http'"),
        ('dist_train.sh', ['c.py', '4'], dict(PORT='70000'), 'PORT must be at most 65535, not 70000'),
        ('dist_step_test.sh', ['c.py'], {}, '2 arguments are needed, got 1'),
        ('dist_step_test.sh', ['c.py', 'a.pth', 'all'], {}, "GPUS must be a number >= 1, not 'all'"),
        ('dist_test.sh', [], {}, '2 arguments are needed, got 0'),
        ('inference_kitti_step.sh', ['c.py', 'a.pth'], {}, '3 arguments are needed, got 2'),
        ('slurm_train.sh', ['p', 'j', 'c.py'], {}, '4 arguments are needed, got 3'),
        ('slurm_train.sh', ['p', 'j', 'c.py', 'w'], dict(GPUS='0'), "GPUS must be a number >= 1, not '0'"),
        ('slurm_test_step.sh', ['p', 'j', 'c.py', 'w'], dict(GPUS_PER_NODE='x'), 'GPUS_PER_NODE must be a number >= 1'),
        ('slurm_test.sh', ['p', 'j', 'c.py', 'w'], dict(CPUS_PER_TASK='0'), 'CPUS_PER_TASK must be a number >= 1'),
    ],
)
def test_wrong_usage_prints_the_usage(
    stand_ins: Path, shell: str, script: str, args: List[str], env: Dict[str, str], message: str
) -> None:
    code, started, error = words(stand_ins, shell, script, *args, **env)
    assert code == 2 and not started
    assert error.startswith('error: ') and message in error and 'usage: ' in error and script in error


@pytest.mark.parametrize(
    'script',
    [
        'dist_train.sh',
        'dist_test.sh',
        'dist_step_test.sh',
        'slurm_train.sh',
        'slurm_test.sh',
        'slurm_test_step.sh',
        'inference_kitti_step.sh',
    ],
)
def test_help(stand_ins: Path, script: str) -> None:
    code, text, error = words(stand_ins, 'sh', script, '--help')
    assert code == 0 and text[0].startswith('usage: ') and script in text[0] and not error


def test_no_slurm(stand_ins: Path) -> None:
    (stand_ins / 'srun').unlink()
    (stand_ins / 'dirname').symlink_to(shutil.which('dirname'))
    done = subprocess.run(
        [shutil.which('sh'), str(ROOT / 'tools/slurm_train.sh'), 'p', 'j', 'c.py', 'w'],
        capture_output=True,
        text=True,
        env=dict(PATH=str(stand_ins)),
    )
    assert done.returncode == 2 and 'srun not found' in done.stderr
