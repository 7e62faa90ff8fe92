"""Process groups on GPUs (NCCL) and on CPUs (gloo), by one code path."""
import argparse
import os
import subprocess
from datetime import timedelta
from typing import Any, List

import torch
from mmcv.parallel import MMDataParallel, MMDistributedDataParallel
from mmcv.runner import get_dist_info
from torch import distributed as dist
from torch import nn

from knet.utils.cli import UsageError

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')
#: A peer that says nothing for so long is dead; evaluation by rank 0 is shorter.
_TIMEOUT = timedelta(hours=2)


def add_launcher_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher`` and the rank option in both spellings that launchers use."""
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none', help='who started the processes')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help='set by old launchers')


def _first_host(node_list: str) -> str:
    """First host name of a Slurm node list such as ``node[3-5,8]``."""
    shown = subprocess.run(['scontrol', 'show', 'hostnames', node_list], stdout=subprocess.PIPE, check=True)
    return shown.stdout.decode().split()[0]


def _export_ranks(launcher: str, local_rank: int) -> None:
    """Translate the launcher's environment into torch's."""
    env = os.environ
    if launcher == 'slurm':
        job_port = 20000 + int(env.get('SLURM_JOB_ID', '0')) % 20000
        found = dict(RANK=env['SLURM_PROCID'], WORLD_SIZE=env['SLURM_NTASKS'], LOCAL_RANK=env['SLURM_LOCALID'])
        one_node = env.get('SLURM_NNODES', '1') == '1'
        env.setdefault('MASTER_ADDR', '127.0.0.1' if one_node else _first_host(env['SLURM_NODELIST']))
        env.setdefault('MASTER_PORT', str(job_port))
        env.update(found)
    elif launcher == 'mpi':
        env.update(RANK=env['OMPI_COMM_WORLD_RANK'], WORLD_SIZE=env['OMPI_COMM_WORLD_SIZE'],
                   LOCAL_RANK=env['OMPI_COMM_WORLD_LOCAL_RANK'])
        env.setdefault('MASTER_ADDR', '127.0.0.1')
        env.setdefault('MASTER_PORT', '29500')
    env.setdefault('LOCAL_RANK', str(local_rank))


def init_distributed(launcher: str, local_rank: int = 0) -> bool:
    """Join the process group that the launcher prepared.

    Args:
        launcher: One of :data:`LAUNCHERS`.
        local_rank: From the command line; the environment's ``LOCAL_RANK`` wins.

    Returns:
        bool: Whether there is a process group.

    Raises:
        UsageError: If the launcher's environment variables are absent.
    """
    if launcher == 'none':
        return False
    try:
        _export_ranks(launcher, local_rank)
        rank, local = int(os.environ['RANK']), int(os.environ['LOCAL_RANK'])
    except KeyError as error:
        raise UsageError(f'--launcher {launcher}: environment variable {error.args[0]} is not set; start through '
                         'tools/dist_train.sh or tools/slurm_train.sh, or leave --launcher out') from error
    if torch.cuda.is_available():
        torch.cuda.set_device(local % torch.cuda.device_count())
    backend = 'nccl' if torch.cuda.is_available() else 'gloo'
    dist.init_process_group(backend, rank=rank, world_size=int(os.environ['WORLD_SIZE']), timeout=_TIMEOUT)
    return True


def leave_distributed() -> None:
    """Leave the process group, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def barrier() -> None:
    """Wait for all processes; nothing to do for one."""
    if get_dist_info()[1] > 1:
        dist.barrier()


def broadcast_object(value: Any) -> Any:
    """The value of rank 0, on every rank."""
    if get_dist_info()[1] == 1:
        return value
    box = [value]
    dist.broadcast_object_list(box, src=0)
    return box[0]


def gather_objects(value: Any) -> List[Any]:
    """The values of all ranks in rank order, on every rank."""
    world_size = get_dist_info()[1]
    if world_size == 1:
        return [value]
    values = [None] * world_size
    dist.all_gather_object(values, value)
    return values


class CPUDistributedDataParallel(MMDistributedDataParallel):
    """DDP without devices that unpacks mmcv's data containers as on a GPU."""

    def train_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """See :meth:`mmcv.parallel.MMDistributedDataParallel.train_step`."""
        inputs, kwargs = self.scatter(inputs, kwargs, [-1])
        return super().train_step(*inputs[0], **kwargs[0])

    def val_step(self, *inputs: Any, **kwargs: Any) -> Any:
        """See :meth:`mmcv.parallel.MMDistributedDataParallel.val_step`."""
        inputs, kwargs = self.scatter(inputs, kwargs, [-1])
        return super().val_step(*inputs[0], **kwargs[0])


def current_device() -> torch.device:
    """The GPU of this process, or the CPU."""
    return torch.device('cuda', torch.cuda.current_device()) if torch.cuda.is_available() else torch.device('cpu')


def wrap_model(model: nn.Module, find_unused_parameters: bool = False) -> nn.Module:
    """Move a model to this process's device and wrap it for training.

    Args:
        model: The detector.
        find_unused_parameters: See torch's DistributedDataParallel.

    Returns:
        nn.Module: ``MMDataParallel`` for one process, DDP for several.
    """
    device = current_device()
    model = model.to(device)
    if get_dist_info()[1] == 1:
        return MMDataParallel(model, device_ids=[device.index] if device.type == 'cuda' else [])
    options = dict(broadcast_buffers=False, find_unused_parameters=find_unused_parameters)
    if device.type == 'cuda':
        return MMDistributedDataParallel(model, device_ids=[device.index], **options)
    return CPUDistributedDataParallel(model, **options)
