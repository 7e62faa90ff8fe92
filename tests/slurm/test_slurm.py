"""The Slurm launchers on a real Slurm of one node and of two; see docs/slurm.md."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import torch

from tests.tools.conftest import ENVIRONMENT, ROOT, files_of, free_port, run, street, toy_config  # noqa: F401  (fixtures)

PATH = os.pathsep.join([os.environ.get('PATH', ''), '/usr/sbin', '/sbin'])
PROGRAMS = ('srun', 'sinfo', 'slurmctld', 'slurmd', 'munged')
MISSING = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        bool(MISSING), reason=f'no Slurm here ({", ".join(MISSING)} not found); as root: sh tests/slurm/start_slurm.sh'
    ),
]


@contextmanager
def slurm(nodes: int) -> Iterator[Dict[str, str]]:
    """Start a Slurm on this machine and give the environment in which ``srun`` reaches it; stop it in the end."""
    # Not below pytest's folder, whose parents only their owner may enter: munge wants its socket open to all.
    # A folder and ports of its own, so that test runs beside each other don't meet.
    folder = tempfile.mkdtemp(prefix='slurm-')
    env = dict(
        ENVIRONMENT,
        PATH=PATH,
        INSTALL='no',
        SLURM_DIR=folder,
        SLURM_PORT=str(free_port()),
        SLURM_NODES=str(nodes),
        GPUS='2',
        CPUS_PER_TASK='1',
        DEVICE='cpu',
    )
    script = ['sh', str(ROOT / 'tests/slurm/start_slurm.sh')]
    started = subprocess.run([*script, 'start'], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if started.returncode:
        subprocess.run([*script, 'stop'], env=env, check=False)
        pytest.skip(f'Slurm does not start here: {started.stdout.strip()}')
    env['SLURM_CONF'] = started.stdout.split('SLURM_CONF=')[1].strip()
    yield env
    subprocess.run([*script, 'stop'], env=env, check=True)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='module')
def cluster() -> Iterator[Dict[str, str]]:
    """Environment of a Slurm with one node; its daemons end with the tests."""
    with slurm(1) as env:
        yield env


def submit(env: Dict[str, str], script: str, *args: Any) -> subprocess.CompletedProcess:
    """Run a Slurm launcher to its end."""
    return subprocess.run(
        ['sh', str(ROOT / 'tools' / script), 'cpu', 'job', *(str(arg) for arg in args)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


def test_train_and_test(cluster: Dict[str, str], toy_config: Path, tmp_path: Path) -> None:  # noqa: F811
    work_dir = tmp_path / 'work'
    done = submit(
        cluster,
        'slurm_train.sh',
        toy_config,
        work_dir,
        '--no-validate',
        '--seed',
        5,
        '--cfg-options',
        'data.samples_per_gpu=1',
        'runner.max_epochs=1',
    )
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout
    assert {'epoch_1.pth', 'latest.pth', 'tiny_street.py'} <= {path.name for path in work_dir.iterdir()}
    log = next(work_dir.glob('*.log.json')).read_text()
    assert sum('"train"' in line for line in log.splitlines()) == 4, 'both tasks train one sample of each step'

    done = submit(cluster, 'slurm_test_step.sh', toy_config, work_dir, '--out-dir', tmp_path / 'two', '--eval', 'stq')
    print(done.stdout[-3000:])
    assert done.returncode == 0 and 'rank 0 of 2' in done.stdout, done.stdout
    run('test_step.py', toy_config, work_dir, '--out-dir', tmp_path / 'one', '--eval', 'stq')
    assert files_of(tmp_path / 'two', '*') == files_of(tmp_path / 'one', '*')
    assert 0 <= json.loads((tmp_path / 'two/stq.json').read_text())['STQ'] <= 1


def test_a_failing_job_ends_with_its_error(
    cluster: Dict[str, str],
    toy_config: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    done = submit(cluster, 'slurm_test_step.sh', toy_config, tmp_path / 'absent.pth')
    assert done.returncode != 0 and 'checkpoint not found' in done.stdout, done.stdout
    assert 'Traceback' not in done.stdout


def test_two_nodes_predict_what_one_process_does(toy_config: Path, tmp_path: Path) -> None:  # noqa: F811
    work_dir = tmp_path / 'work'
    with slurm(2) as env:
        env['GPUS_PER_NODE'] = '1'
        options = ('--no-validate', '--seed', 5, '--cfg-options', 'data.samples_per_gpu=1', 'runner.max_epochs=1')
        done = submit(env, 'slurm_train.sh', toy_config, work_dir, *options)
        assert done.returncode == 0, done.stdout
        log = next(work_dir.glob('*.log.json')).read_text()
        assert sum('"train"' in line for line in log.splitlines()) == 4, 'each node trains one sample of each step'
        done = submit(env, 'slurm_test_step.sh', toy_config, work_dir, '--out-dir', tmp_path / 'two')
        assert done.returncode == 0 and 'rank 0 of 2' in done.stdout, done.stdout
    run('test_step.py', toy_config, work_dir, '--out-dir', tmp_path / 'one')
    assert files_of(tmp_path / 'two', '*') == files_of(tmp_path / 'one', '*')


def job_state(env: Dict[str, str], job: str) -> str:
    """Return what Slurm says of a job."""
    shown = subprocess.run(['scontrol', 'show', 'job', job], env=env, stdout=subprocess.PIPE, text=True, check=True)
    return shown.stdout.split('JobState=')[1].split()[0]


def steps_done(work_dir: Path) -> int:
    """Return the number of steps in the logs of a training."""
    return sum(path.read_text().count('"train"') for path in work_dir.glob('*.log.json'))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    'SLURM_REQUEUE' not in os.environ,
    reason='takes minutes, because Slurm waits before it starts a job again; set SLURM_REQUEUE=1',
)
def test_a_requeued_job_ends_with_the_weights_of_an_uninterrupted_one(
    cluster: Dict[str, str],
    toy_config: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    words = ('--no-validate', '--seed', 5, '--cfg-options', 'data.samples_per_gpu=1', 'runner.max_epochs=30')
    whole = submit(cluster, 'slurm_train.sh', toy_config, tmp_path / 'whole', *words)
    assert whole.returncode == 0, whole.stdout
    log, work_dir = tmp_path / 'job.log', tmp_path / 'work'
    batch = dict(cluster, REQUEUE='yes', SRUN_ARGS=f'--output={log}')
    job = submit(batch, 'slurm_train.sh', toy_config, work_dir, *words).stdout.split()[-1]
    deadline = time.monotonic() + 600
    while steps_done(work_dir) < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    # What Slurm sends some time before the end of a job's time.
    subprocess.run(['scancel', '--signal=USR1', job], env=cluster, check=True)
    while job_state(cluster, job) not in ('COMPLETED', 'FAILED', 'CANCELLED') and time.monotonic() < deadline:
        time.sleep(1)
    print(log.read_text()[-3000:])
    assert job_state(cluster, job) == 'COMPLETED'
    assert f'job {job} was stopped and is queued again' in log.read_text()
    assert 'Exception raised from' not in log.read_text()  # PyTorch, about connections that others have closed
    weights, want = (torch.load(str(folder / 'latest.pth'))['state_dict'] for folder in (work_dir, tmp_path / 'whole'))
    assert list(weights) == list(want) and all(torch.equal(weights[key], want[key]) for key in want)
