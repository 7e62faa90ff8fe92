"""Process groups on GPUs (NCCL) and on CPUs (gloo), through one code path."""

import argparse
import os
import re
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Iterator, List

import torch
from mmcv.parallel import MMDataParallel, MMDistributedDataParallel
from mmcv.runner import get_dist_info
from torch import distributed as dist
from torch import nn

from knet.utils.cli import UsageError

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: A peer that is silent for this long counts as dead; evaluation by rank 0 takes less.
_TIMEOUT = timedelta(hours=2)
#: Messages with which gloo, NCCL and the key store report that a peer has died.
_PEER_LOST = re.compile(
    r'Connection (closed|reset) by|Broken pipe|Connection was likely closed|remote process exited|'
    r'ncclRemoteError|Failed to recv',
    re.IGNORECASE,
)
#: Seconds within which the launcher notices that a peer has died.
_GRACE = 10


def add_launcher_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher`` and the rank option in both spellings that launchers use."""
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='who started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by old launchers')


def first_host(node_list: str) -> str:
    """Return the first host name of a Slurm node list.

    Done here because ``scontrol`` may be missing on compute nodes and in containers.

    Args:
        node_list: Such as ``node[003-005,8],login1``.

    Returns:
        A name such as ``node003``.
    """
    first = re.split(r',(?![^\[]*\])', node_list)[0]
    return re.sub(r'\[([^\],-]*)[^\]]*\]', r'\1', first)


def _export_ranks(launcher: str, local_rank: int) -> None:
    """Translate the launcher's environment into torch's."""
    env = os.environ
    if launcher == 'slurm':
        found = dict(RANK=env['SLURM_PROCID'], WORLD_SIZE=env['SLURM_NTASKS'], LOCAL_RANK=env['SLURM_LOCALID'])
        # What srun says of its own step comes before what the allocation around it says.
        nodes = env.get('SLURM_STEP_NODELIST') or env.get('SLURM_JOB_NODELIST') or env['SLURM_NODELIST']
        one_node = env.get('SLURM_STEP_NUM_NODES', env.get('SLURM_NNODES', '1')) == '1'
        env.setdefault('MASTER_ADDR', '127.0.0.1' if one_node else first_host(nodes))
        # Steps of one job and jobs on one node must not meet; below the ports that systems hand out themselves.
        step = 131 * int(env.get('SLURM_STEP_ID', '0'))
        env.setdefault('MASTER_PORT', str(20000 + (int(env.get('SLURM_JOB_ID', '0')) + step) % 12000))
        env.update(found)
    elif launcher == 'mpi':
        env.update(
            RANK=env['OMPI_COMM_WORLD_RANK'],
            WORLD_SIZE=env['OMPI_COMM_WORLD_SIZE'],
            LOCAL_RANK=env['OMPI_COMM_WORLD_LOCAL_RANK'],
        )
        env.setdefault('MASTER_ADDR', '127.0.0.1')
        env.setdefault('MASTER_PORT', '29500')
    env.setdefault('LOCAL_RANK', str(local_rank))


def init_distributed(launcher: str, local_rank: int = 0) -> bool:
    """Join the process group that the launcher prepared.

    Args:
        launcher: One of :data:`LAUNCHERS`.
        local_rank: From the command line; the environment's ``LOCAL_RANK`` wins.

    Returns:
        Whether there is a process group.

    Raises:
        UsageError: If the launcher's environment variables are absent, or GPUs are fewer than processes.
    """
    if launcher == 'none':
        return False
    try:
        _export_ranks(launcher, local_rank)
        rank, local = int(os.environ['RANK']), int(os.environ['LOCAL_RANK'])
    except KeyError as error:
        raise UsageError(
            f'--launcher {launcher}: environment variable {error.args[0]} is not set; start through '
            'tools/dist_train.sh or tools/slurm_train.sh, or leave --launcher out'
        ) from error
    except ValueError as error:
        raise UsageError(f'--launcher {launcher}: the rank variables must be numbers ({error})') from error
    if torch.cuda.is_available():
        gpus, processes = torch.cuda.device_count(), int(os.environ.get('LOCAL_WORLD_SIZE', 1))
        # Only torchrun says how many share this machine; Slurm may show every task its own GPU and no other.
        if processes > gpus:
            raise UsageError(f'{processes} processes on a machine with {gpus} GPU(s); give GPUS={gpus} at most')
        torch.cuda.set_device(local % gpus)
    backend = 'nccl' if torch.cuda.is_available() else 'gloo'
    dist.init_process_group(backend, rank=rank, world_size=int(os.environ['WORLD_SIZE']), timeout=_TIMEOUT)
    return True


def leave_distributed() -> None:
    """Leave the process group, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


@contextmanager
def process_group(launcher: str, local_rank: int = 0) -> Iterator[None]:
    """Join the launcher's process group for the duration of a block.

    A block that fails does not leave the group in order, because the other processes may be waiting for this one: when
    this process ends, their connection breaks and the launcher stops them.

    Args:
        launcher: See :func:`init_distributed`.
        local_rank: See :func:`init_distributed`.

    Raises:
        UsageError: As :func:`init_distributed`; or if another process died.
    """
    init_distributed(launcher, local_rank)
    try:
        yield
    except RuntimeError as error:
        if launcher != 'none' and _PEER_LOST.search(str(error)):
            # The launcher blames the first process that it finds dead, so wait until it has found the one that failed.
            time.sleep(_GRACE)
            raise UsageError('the connection to another process broke; look for the error of that process') from error
        raise
    leave_distributed()


def barrier() -> None:
    """Wait until all processes have arrived here."""
    if get_dist_info()[1] > 1:
        dist.barrier()


def broadcast_object(value: Any) -> Any:
    """Return the value of rank 0 on every rank."""
    if get_dist_info()[1] == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def gather_objects(value: Any) -> List[Any]:
    """Return the values of all ranks, in rank order, on every rank."""
    world_size = get_dist_info()[1]
    if world_size == 1:
        return [value]
    values: List[Any] = [None] * world_size
    dist.all_gather_object(values, value)
    return values


class CPUDistributedDataParallel(MMDistributedDataParallel):
    """DDP on the CPU that unpacks mmcv's data containers as DDP on a GPU does."""

    def train_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """See :meth:`mmcv.parallel.MMDistributedDataParallel.train_step`."""
        scattered, options = self.scatter(inputs, kwargs, [-1])
        return super().train_step(*scattered[0], **options[0])

    def val_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """See :meth:`mmcv.parallel.MMDistributedDataParallel.val_step`."""
        scattered, options = self.scatter(inputs, kwargs, [-1])
        return super().val_step(*scattered[0], **options[0])


def current_device() -> torch.device:
    """Return the GPU of this process, or the CPU if there is none."""
    return torch.device('cuda', torch.cuda.current_device()) if torch.cuda.is_available() else torch.device('cpu')


def wrap_model(model: nn.Module, find_unused_parameters: bool = False) -> nn.Module:
    """Move a model to this process's device and wrap it for training.

    Args:
        model: The detector.
        find_unused_parameters: See torch's DistributedDataParallel.

    Returns:
        ``MMDataParallel`` for one process, DDP for several.
    """
    device = current_device()
    model = model.to(device)
    if get_dist_info()[1] == 1:
        return MMDataParallel(model, device_ids=[device.index] if device.type == 'cuda' else [])
    options = dict(broadcast_buffers=False, find_unused_parameters=find_unused_parameters)
    if device.type == 'cuda':
        return MMDistributedDataParallel(model, device_ids=[device.index], **options)
    return CPUDistributedDataParallel(model, **options)
