"""Process groups on GPUs (NCCL) and on CPUs (gloo), through one code path."""

import os
import re
import time
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from inspect import signature
from typing import Any, Iterator, List, Optional, cast

import torch
from mmcv.parallel import MMDataParallel, MMDistributedDataParallel, is_module_wrapper
from mmcv.runner import get_dist_info
from torch import distributed as dist
from torch import nn
from torch.distributed import PrefixStore
from torch.distributed.rendezvous import rendezvous

from knet.apis.job import Job
from knet.utils.cli import UsageError
from knet.utils.lifetime import end_with_parent
from knet.utils.lock import unlock_all
from knet.utils.options import TIMEOUT
from knet.utils.stopping import Stopped, obey_signals, stop_requested

#: A collective operation fails after this time at least; :class:`~knet.apis.job.Job` finds out earlier, and who it was.
_COLLECTIVE_TIMEOUT = timedelta(hours=2)
#: Messages with which gloo, NCCL and the key store report that a peer has died.
_PEER_LOST = re.compile(
    r'Connection (closed|reset) by|Broken pipe|Connection was likely closed|remote process exited|'
    r'ncclRemoteError|Failed to recv',
    re.IGNORECASE,
)
#: Messages with which the key store and gloo report that not all processes came.
_UNREACHED = re.compile(r'time[d]? ?out|connect|resolve|address', re.IGNORECASE)
#: What torch calls the option to broadcast buffers in every step; 2.13 gave it another name.
_SYNC_BUFFERS = next(
    name
    for name in ('forward_sync_buffers', 'broadcast_buffers')
    if name in signature(nn.parallel.DistributedDataParallel).parameters
)
#: Seconds within which the launcher notices that a peer has died.
_GRACE = 10

#: The processes of this job, if there are several.
_job: Optional[Job] = None


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


def init_distributed(launcher: str, local_rank: int = 0, timeout: float = TIMEOUT) -> bool:
    """Join the process group that the launcher prepared.

    Args:
        launcher: One of :data:`knet.utils.options.LAUNCHERS`.
        local_rank: From the command line; the environment's ``LOCAL_RANK`` wins.
        timeout: Minutes without progress of a process after which the job ends.

    Returns:
        Whether there is a process group.

    Raises:
        UsageError: If the launcher's environment variables are absent, GPUs are fewer than processes, or some process
            does not come within the timeout.
    """
    if launcher == 'none':
        return False
    if timeout <= 0:
        raise UsageError(f'--timeout {timeout:g}: give a number of minutes above 0')
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
    if launcher == 'pytorch':
        end_with_parent()
    _join(backend, rank, int(os.environ['WORLD_SIZE']), 60 * timeout)
    return True


def _join(backend: str, rank: int, world_size: int, timeout: float) -> None:
    """Meet the other processes at ``MASTER_ADDR:MASTER_PORT`` and make the process group.

    Args:
        backend: ``'nccl'`` or ``'gloo'``.
        rank: Number of this process.
        world_size: Number of processes.
        timeout: Seconds to wait for the others, and for the progress of each later.

    Raises:
        UsageError: If they do not all come.
    """
    global _job
    address = f'{os.environ.get("MASTER_ADDR")}:{os.environ.get("MASTER_PORT")}'
    try:
        store, _, _ = next(rendezvous('env://', rank, world_size, timeout=timedelta(seconds=timeout)))
        limit = max(_COLLECTIVE_TIMEOUT, timedelta(seconds=2 * timeout))
        group = PrefixStore('default_pg', store)
        dist.init_process_group(backend, store=group, rank=rank, world_size=world_size, timeout=limit)
    except (RuntimeError, ValueError) as error:
        if isinstance(error, ValueError) or _UNREACHED.search(str(error)):
            raise UsageError(
                f'rank {rank} of {world_size} waited up to {timeout:.0f} s for the others at {address}, the '
                f'address of rank 0, in vain: {str(error).splitlines()[0]}. Look for the errors of the other '
                'processes; on several machines, check that they reach this address'
            ) from error
        raise
    if world_size > 1:
        host, port = os.environ['MASTER_ADDR'], int(os.environ['MASTER_PORT'])
        own = dist.TCPStore(host, port, is_master=False, timeout=timedelta(seconds=timeout), wait_for_workers=False)
        _job = Job(PrefixStore('knet', store), PrefixStore('knet', own), rank, world_size, timeout)


def leave_distributed() -> None:
    """Leave the process group, if there is one."""
    global _job
    if _job is not None:
        _job.leave()
        _job = None
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def tick(place: str) -> None:
    """Note progress of this process for the others; see :class:`knet.apis.job.Job`.

    Args:
        place: Where the process is, such as ``'step 7, reading data'``.
    """
    if _job is not None:
        _job.tick(place)


@contextmanager
def waiting(place: str) -> Iterator[None]:
    """Let the others know that this process may make no progress for long, as when it scores for all.

    Args:
        place: What it does.
    """
    with _job.waiting(place) if _job is not None else nullcontext():
        yield


def stop_agreed(done: int) -> bool:
    """Return whether all processes stop after this step because one of them was asked to.

    Args:
        done: Number of steps that are done.
    """
    requested = stop_requested()
    return requested is not None if _job is None else _job.agree_to_stop(done, requested)


@contextmanager
def process_group(launcher: str, local_rank: int = 0, timeout: float = TIMEOUT) -> Iterator[None]:
    """Join the launcher's process group for the duration of a block.

    A block that fails does not leave the group in order, because the other processes may be waiting for this one: when
    this process ends, their connection breaks and the launcher stops them.

    Args:
        launcher: See :func:`init_distributed`.
        local_rank: See :func:`init_distributed`.
        timeout: See :func:`init_distributed`.

    Raises:
        UsageError: As :func:`init_distributed`; or if another process died.
        Stopped: If a signal asks for it outside of work that obeys it in steps of its own.
    """
    init_distributed(launcher, local_rank, timeout)
    try:
        with obey_signals(at_once=True):
            yield
    except RuntimeError as error:
        if launcher != 'none' and _PEER_LOST.search(str(error)):
            if stop_requested() is not None:
                raise Stopped(f'stopped by {stop_requested()}') from error
            # The launcher blames the first process that it finds dead, so wait until it has found the one that failed.
            time.sleep(_GRACE)
            raise UsageError('the connection to another process broke; look for the error of that process') from error
        raise
    finally:
        unlock_all()
    leave_distributed()


def gather_stopped() -> None:
    """Tell the others that this process was asked to stop, wait until all have come to their end, and leave them."""
    global _job
    if _job is not None:
        _job.gather_stopped(stop_requested() or 'another process')
        _job = None


def barrier() -> None:
    """Wait until all processes have arrived here, however long their work takes.

    Raises:
        Stopped: If a stop is asked for meanwhile.
    """
    if _job is not None:
        _job.barrier()
    elif get_dist_info()[1] > 1:
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
    barrier()  # Which knows no limit of time, as the collective operation does.
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


def unwrap_model(model: nn.Module) -> nn.Module:
    """Return a model without the wrapper of :func:`wrap_model`, if it has one."""
    return cast(nn.Module, model.module) if is_module_wrapper(model) else model


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
        return MMDataParallel(model, device_ids=[] if device.type == 'cpu' else [device.index])
    options = {_SYNC_BUFFERS: False, 'find_unused_parameters': find_unused_parameters}
    if device.type == 'cpu':
        return CPUDistributedDataParallel(model, **options)
    return MMDistributedDataParallel(model, device_ids=[device.index], **options)
