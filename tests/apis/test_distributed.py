"""What launchers say through the environment."""

import os

import pytest

from knet.apis.distributed import _export_ranks, first_host, init_distributed, process_group
from knet.utils.cli import UsageError

pytestmark = pytest.mark.process

SLURM = dict(
    SLURM_PROCID='5',
    SLURM_NTASKS='16',
    SLURM_LOCALID='1',
    SLURM_NODELIST='a,b[1-2]',
    SLURM_NNODES='3',
    SLURM_JOB_ID='123456',
)
KEYS = ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR', 'MASTER_PORT')


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without anything of a launcher; as it was afterwards."""
    monkeypatch.setattr(
        os,
        'environ',
        {
            key: value
            for key, value in os.environ.items()
            if key not in KEYS and not key.startswith(('SLURM', 'OMPI', 'LOCAL_'))
        },
    )
    return monkeypatch


@pytest.mark.parametrize(
    'node_list, first',
    [
        ('node7', 'node7'),
        ('node7,node9', 'node7'),
        ('node[3-5,8]', 'node3'),
        ('node[003-005],gpu1', 'node003'),
        ('rack[0-1]-n[12,14].site', 'rack0-n12.site'),
        ('login1,node[1-2]', 'login1'),
        ('gpu-a-[10,12-14]', 'gpu-a-10'),
    ],
)
def test_first_host_of_a_node_list(node_list: str, first: str) -> None:
    assert first_host(node_list) == first


def test_slurm_variables_need_no_scontrol(environment: pytest.MonkeyPatch) -> None:
    os.environ.update(SLURM, PATH='')
    _export_ranks('slurm', 0)
    assert [os.environ[key] for key in KEYS[:4]] == ['5', '16', '1', 'a']
    assert 20000 <= int(os.environ['MASTER_PORT']) < 32000


def test_slurm_steps_within_an_allocation(environment: pytest.MonkeyPatch) -> None:
    """The first node of the step, not of the allocation; steps of one job get ports of their own."""
    ports = set()
    for step in ('0', '1'):
        for key in KEYS:
            os.environ.pop(key, None)
        os.environ.update(SLURM, SLURM_STEP_NODELIST='b[1-2]', SLURM_STEP_NUM_NODES='2', SLURM_STEP_ID=step)
        _export_ranks('slurm', 0)
        assert os.environ['MASTER_ADDR'] == 'b1'
        ports.add(os.environ['MASTER_PORT'])
    assert len(ports) == 2
    os.environ.update(SLURM_STEP_NUM_NODES='1', MASTER_PORT='1234')
    del os.environ['MASTER_ADDR']
    _export_ranks('slurm', 0)
    assert (os.environ['MASTER_ADDR'], os.environ['MASTER_PORT']) == ('127.0.0.1', '1234')


@pytest.mark.parametrize(
    'launcher, variables, message',
    [
        ('slurm', {}, 'SLURM_PROCID is not set; start through'),
        ('mpi', {}, 'OMPI_COMM_WORLD_RANK is not set'),
        ('pytorch', {}, 'RANK is not set'),
        ('pytorch', dict(RANK='first'), "must be numbers.*'first'"),
    ],
)
def test_missing_variables_are_named(
    environment: pytest.MonkeyPatch, launcher: str, variables: dict, message: str
) -> None:
    os.environ.update(variables)
    with pytest.raises(UsageError, match=message):
        init_distributed(launcher)


def test_fewer_gpus_than_processes(environment: pytest.MonkeyPatch) -> None:
    os.environ.update(RANK='0', WORLD_SIZE='8', LOCAL_RANK='0', LOCAL_WORLD_SIZE='8')
    environment.setattr('torch.cuda.is_available', lambda: True)
    environment.setattr('torch.cuda.device_count', lambda: 4)
    with pytest.raises(UsageError, match=r'8 processes on a machine with 4 GPU\(s\); give GPUS=4 at most'):
        init_distributed('pytorch')


@pytest.mark.parametrize(
    'text, kind',
    [
        ('[gloo/transport/tcp/pair.cc:547] Connection closed by peer [127.0.0.1]:1', UsageError),
        ('CUDA out of memory', RuntimeError),
    ],
)
def test_a_lost_peer_is_called_that(environment: pytest.MonkeyPatch, text: str, kind: type) -> None:
    environment.setattr('knet.apis.distributed.init_distributed', lambda *_: True)
    with pytest.raises(kind) as error, process_group('pytorch'):
        raise RuntimeError(text)
    assert ('another process broke' in str(error.value)) == (kind is UsageError)
