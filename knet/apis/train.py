"""Training a detector from a config: what ``tools/train.py`` calls."""

import copy
import logging
import os
import shlex
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple
from urllib.error import URLError

import torch
from mmcv import Config
from mmcv.cnn.utils import revert_sync_batchnorm
from mmcv.runner import BaseRunner, Hook, build_runner, get_dist_info
from mmdet.apis import set_random_seed
from mmdet.core import build_optimizer
from mmdet.utils import get_root_logger
from torch import nn
from torch.optim import Optimizer

import knet
from knet.apis import runner as _runner  # noqa: F401  registers the runners
from knet.apis.agreement import check_classes_agree
from knet.apis.averaging import note_exchanges, resume_averages
from knet.apis.checkpoint import CheckpointError, read_checkpoint, resolve_checkpoint
from knet.apis.config import build_data, build_model, loader_settings
from knet.apis.distributed import broadcast_object, current_device, wrap_model
from knet.apis.finite import FiniteFp16OptimizerHook, FiniteOptimizerHook
from knet.apis.loader import SizedDataset, build_train_loader
from knet.apis.optimizer_state import group_settings, settle_settings, unmatched_keys
from knet.apis.preemption import StopHook, save_stopped
from knet.apis.resuming import newest_readable
from knet.apis.runner import DropGradientsHook, StepSeedHook
from knet.apis.screen import FILE_ONLY, set_up_screen, with_screen
from knet.apis.training_config import check_training_config
from knet.apis.validation import validation_hook
from knet.utils.cli import UsageError
from knet.utils.io import atomic_path
from knet.utils.lock import locked
from knet.utils.precision import allow_tf32, train_in_bfloat16
from knet.utils.safe_load import trusted_files
from knet.utils.stopping import Stopped, obey_signals

_RUNNERS = {'EpochBasedRunner': 'ResumableEpochRunner', 'IterBasedRunner': 'ResumableIterRunner'}


def prepare_work_dir(path: str) -> str:
    """Create the work directory and make sure that it can be written.

    Args:
        path: Folder.

    Returns:
        Its absolute path.

    Raises:
        UsageError: If it cannot be created or written.
    """
    folder = Path(path).expanduser().absolute()
    probe = folder / f'.probe.{os.getpid()}'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(
            f'work directory {folder} cannot be written: {error.strerror}; choose another --work-dir'
        ) from error
    return str(folder)


def training_seed(cfg: Config, seed: Optional[int]) -> int:
    """Return the seed of this training, the same on all ranks.

    Args:
        cfg: Config; ``cfg.seed`` is used if the command line gave none.
        seed: Seed of the command line.

    Returns:
        That seed, the seed of the checkpoint that is resumed (so that the run continues as it began), or a random one.
    """
    seed = cfg.get('seed') if seed is None else seed
    if seed is None and cfg.get('resume_from'):
        path = resolve_checkpoint(cfg.resume_from, prefer='latest')
        seed = read_checkpoint(path, bool(cfg.get('trust_checkpoint')))['meta'].get('seed')
    if seed is None:
        # Not from numpy's global generator: without a seed two trainings must differ.
        seed = int.from_bytes(os.urandom(4), 'little') % 2**31
    return broadcast_object(int(seed))


def environment_facts() -> Dict[str, str]:
    """Return the versions and the hardware that a training depends on."""
    import mmcv
    import mmdet
    import mmseg
    import numpy

    device = current_device()
    name = torch.cuda.get_device_name(device) if device.type == 'cuda' else f'CPU, {torch.get_num_threads()} threads'
    source = str(Path(knet.__file__).resolve().parents[1])
    describe = ['git', '-C', source, 'rev-parse', '--short', 'HEAD']
    commit = subprocess.run(describe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    versions = {package.__name__: package.__version__ for package in (torch, mmcv, mmdet, mmseg, numpy, knet)}
    return dict(python=sys.version.split()[0], **versions, commit=commit.decode().strip(), device=name)


def initialise_weights(model: nn.Module, trust: bool = False) -> None:
    """Run ``init_weights`` of a model.

    Args:
        model: The model.
        trust: Whether the files that ``init_cfg`` names may run code when opened.

    Raises:
        UsageError: If pretrained weights cannot be fetched; says what to do.
    """
    # Its report has a line per tensor.
    logging.disable(logging.INFO)
    try:
        with trusted_files(trust):
            model.init_weights()  # type: ignore[operator]  # of mmcv's BaseModule
    except (URLError, FileNotFoundError) as error:
        raise UsageError(
            f'pretrained backbone weights are not available ({error}). With network access they are '
            'downloaded once; without, put the file into ~/.cache/torch/hub/checkpoints, or start from '
            'random weights with --cfg-options model.backbone.init_cfg=None'
        ) from error
    finally:
        logging.disable(logging.NOTSET)


def build_fused_optimizer(model: nn.Module, settings: Dict[str, Any]) -> Optimizer:
    """Build the optimiser with a constructor of mmdet or mmcv, using torch's fused update where this device has one.

    The fused update changes a parameter and its moments in one pass over memory; on a CPU that takes a third of the
    time (for AdamW since torch 2.4).

    Args:
        model: Model on its device.
        settings: ``cfg.optimizer``; not changed.

    Returns:
        The optimiser of the parameters that are trained.
    """
    try:
        return build_optimizer(model, dict(copy.deepcopy(settings), fused=True))
    except (TypeError, RuntimeError):  # an optimiser without the option; a device without the kernel
        return build_optimizer(model, copy.deepcopy(settings))


def check_precision(cfg: Config, device: torch.device) -> None:
    """Refuse kinds of half precision that exclude each other, or that the device lacks.

    Raises:
        UsageError: Naming the key to change.
    """
    if cfg.get('fp16') is None:
        return
    if cfg.get('bf16'):
        raise UsageError('fp16 and bf16 exclude each other; set fp16=None or bf16=False')
    if device.type == 'cpu':
        raise UsageError('fp16 trains on GPUs only; set fp16=None, on the CPU with bf16=True for half precision')


def _optimizer_hook(cfg: Config, distributed: bool) -> Any:
    """Return the hook that updates the weights; the plain one of mmcv, also by its name, becomes the guarded one.

    Other types of ``optimizer_config`` stay as they are: mmcv builds them from the settings.
    """
    options = dict(cfg.get('optimizer_config') or {})
    if options.get('type') == 'OptimizerHook':
        del options['type']
    if cfg.get('fp16') is not None:
        return FiniteFp16OptimizerHook(**options, **cfg.fp16, distributed=distributed)
    return options if 'type' in options else FiniteOptimizerHook(**options)


def _log_settings(settings: Optional[Dict[str, Any]], logger: logging.Logger) -> Optional[Dict[str, Any]]:
    """Leave out the hook of TensorBoard, which is optional, where TensorBoard is not installed."""
    if settings is None or find_spec('tensorboard') is not None:
        return settings
    hooks = [hook for hook in settings['hooks'] if hook.get('type') != 'TensorboardLoggerHook']
    if len(hooks) < len(settings['hooks']):
        logger.info('TensorBoard is not installed (pip install tensorboard): the log is written as text and JSON only')
    return {**settings, 'hooks': hooks}


def build_training(
    cfg: Config, model: nn.Module, dataset: SizedDataset, meta: Dict[str, Any], timestamp: str
) -> Tuple[BaseRunner, Any]:
    """Build loader, optimiser, runner and hooks of a training.

    Args:
        cfg: Complete config with ``seed`` and ``work_dir``.
        model: Detector on the CPU.
        dataset: Training data set.
        meta: What every checkpoint stores about its origin.
        timestamp: Start of the names of the log files.

    Returns:
        Runner and training loader.
    """
    logger = get_root_logger(log_level=cfg.log_level)
    distributed = get_dist_info()[1] > 1
    device = current_device()
    loader = build_train_loader(
        dataset, seed=cfg.seed, pin_memory=device.type == 'cuda', **loader_settings(cfg, 'train')
    )
    if device.type == 'cpu':
        # SyncBN needs GPUs; its keys and its evaluation mode equal BN's.
        model = revert_sync_batchnorm(model)
    if cfg.get('bf16'):
        train_in_bfloat16(model, device)
    model = wrap_model(model, cfg.get('find_unused_parameters', False))
    for note in unmatched_keys(model, cfg.optimizer):
        logger.warning(note)
    runner_cfg = dict(cfg.runner, type=_RUNNERS.get(cfg.runner.type, cfg.runner.type))
    runner = build_runner(
        runner_cfg,
        default_args=dict(
            model=model,
            optimizer=build_fused_optimizer(model, cfg.optimizer),
            work_dir=cfg.work_dir,
            logger=logger,
            meta=meta,
        ),
    )
    runner.timestamp = timestamp
    runner.trust_checkpoint = bool(cfg.get('trust_checkpoint'))
    settings = copy.deepcopy(cfg)
    update = _optimizer_hook(settings, distributed)
    runner.register_training_hooks(
        settings.lr_config,
        update,
        settings.checkpoint_config,
        with_screen(_log_settings(settings.log_config, logger)),
        settings.get('momentum_config'),
        custom_hooks_config=settings.get('custom_hooks'),
    )
    note_exchanges(runner)
    # First of all hooks, so that those which draw numbers are repeatable as well.
    runner.register_hook(StepSeedHook(cfg.seed), priority='HIGHEST')
    if isinstance(update, (FiniteOptimizerHook, FiniteFp16OptimizerHook)):
        # Hooks of other types may collect the gradients of several steps.
        runner.register_hook(DropGradientsHook(), priority='NORMAL')
    # After the step's checkpoint (NORMAL), before its evaluation (LOW).
    runner.register_hook(StopHook(), priority='BELOW_NORMAL')
    return runner, loader


def starting_point(cfg: Config) -> List[str]:
    """Check ``resume_from`` and ``load_from`` before anything is written.

    ``auto_resume`` turns into ``resume_from`` when the work directory holds a
    checkpoint; resuming wins over loading.

    Returns:
        Sentences about newer checkpoints that are damaged, for the log.
    """
    notes: List[str] = []
    if cfg.get('auto_resume') and not cfg.get('resume_from'):
        try:
            cfg.resume_from = str(resolve_checkpoint(cfg.work_dir, prefer='latest').parent)
        except CheckpointError:
            cfg.resume_from = None
    if cfg.get('resume_from'):
        found = newest_readable(cfg.resume_from, cfg.get('trust_checkpoint', False))
        cfg.resume_from = str(found.path)
        notes = [f'{note}; {found.path} is continued' for note in found.notes]
    if cfg.get('load_from'):
        cfg.load_from = str(resolve_checkpoint(cfg.load_from, 'best'))
    return notes


def resume_training(runner: BaseRunner, cfg: Config) -> None:
    """Continue the training of ``cfg.resume_from``.

    ``cfg.resume_settings`` says whose learning rate, weight decay and other settings of the optimiser are used if they
    differ: those of the ``'checkpoint'`` (default) or of the ``'config'``.
    """
    wanted = group_settings(runner.optimizer)
    resume_averages(runner, cfg.resume_from)
    settle_settings(runner.optimizer, wanted, cfg.get('resume_settings') == 'config', runner.logger)


def train(cfg: Config, validate: bool = True, seed: Optional[int] = None, deterministic: bool = False) -> BaseRunner:
    """Train the detector that a config describes.

    Writes into ``cfg.work_dir``: the resolved config, ``<time>.log`` and
    ``<time>.log.json``, ``epoch_N.pth`` (or ``iter_N.pth``), ``latest.pth``
    and, with ``evaluation.save_best``, ``best_*.pth``. No other training can
    use the folder meanwhile. Signals end the training after its step, see
    :mod:`knet.apis.preemption`.

    Args:
        cfg: From :func:`knet.apis.config.load_config`; needs ``work_dir``. With ``verbose`` the screen shows what the
            log file holds, see :mod:`knet.apis.screen`.
        validate: Whether the validation set is scored while training.
        seed: Base seed of all randomness; see :func:`training_seed`.
        deterministic: Whether slower, bit-repeatable GPU routines are chosen.

    Returns:
        The runner after the last step.

    Raises:
        UsageError: For everything that a user can fix, before the first step; if another run uses the folder.
        NonFiniteError: If a loss, gradient or weight is not finite.
        Stopped: If a signal has ended the training; its checkpoint is written.
    """
    notes = check_training_config(cfg)
    check_precision(cfg, current_device())
    notes += starting_point(cfg)
    cfg.seed = training_seed(cfg, seed)
    set_random_seed(cfg.seed, deterministic)
    allow_tf32(cfg.get('allow_tf32'))
    torch.backends.cudnn.benchmark = bool(cfg.get('cudnn_benchmark', False)) and not deterministic
    model = build_model(cfg)
    dataset = build_data(cfg, 'train')
    check_classes_agree(model, dataset)
    model.CLASSES = dataset.CLASSES
    validation = validation_hook(cfg, model) if validate else None
    cfg.work_dir = prepare_work_dir(cfg.work_dir)
    with locked(cfg.work_dir, hold=get_dist_info()[0] == 0), obey_signals():
        return _train(cfg, model, dataset, validation, notes, deterministic)


def _train(
    cfg: Config, model: nn.Module, dataset: Any, validation: Optional[Hook], notes: List[str], deterministic: bool
) -> BaseRunner:
    """Train in a work directory that is ours, see :func:`train`; ``notes`` are sentences for the log."""
    timestamp = broadcast_object(time.strftime('%Y%m%d_%H%M%S', time.localtime()))
    logger = get_root_logger(log_file=str(Path(cfg.work_dir, f'{timestamp}.log')), log_level=cfg.log_level)
    set_up_screen(logger, bool(cfg.get('verbose')))
    for note in notes:
        logger.warning(note)
    if not cfg.get('resume_from'):
        initialise_weights(model, bool(cfg.get('trust_checkpoint')))
    facts, text = environment_facts(), cfg.pretty_text  # which takes seconds
    meta = dict(
        config=text,
        seed=cfg.seed,
        exp_name=Path(cfg.filename).name,
        env_info=str(facts),
        command=' '.join(shlex.quote(part) for part in sys.argv),
    )
    runner, loader = build_training(cfg, model, dataset, meta, timestamp)
    if validation is not None:
        # After the step's checkpoint (NORMAL) and timers, before loggers (VERY_LOW).
        runner.register_hook(validation, priority='LOW')
    if cfg.get('resume_from'):
        resume_training(runner, cfg)
    elif cfg.get('load_from'):
        runner.load_checkpoint(cfg.load_from)
    if runner.rank == 0:
        with atomic_path(Path(cfg.work_dir, Path(cfg.filename).name)) as temporary:
            temporary.write_text(text, encoding='utf-8')
    logger.info('environment: %s', facts, extra=FILE_ONLY)
    logger.info('config:\n%s', text, extra=FILE_ONLY)
    logger.info('work directory: %s; %s.log has the config and all losses', cfg.work_dir, timestamp)
    logger.info(
        'seed %d, deterministic: %s, processes: %d, %s with %d samples, %d iterations per epoch',
        cfg.seed,
        deterministic,
        runner.world_size,
        type(dataset).__name__,
        len(dataset),
        len(loader),
    )
    try:
        runner.run([loader], [('train', 1)])
    except Stopped:
        raise Stopped(save_stopped(runner)) from None
    return runner
