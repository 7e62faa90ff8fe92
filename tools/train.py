"""Train a model from a config.

python tools/train.py configs/toy/video_knet_toy_kitti_step.py --work-dir work_dirs/toy
sh ./tools/dist_train.sh JOB CONFIG GPUS WORK_DIR      # several processes
"""

import argparse
from pathlib import Path

import _root  # noqa: F401  puts the repository on the path

from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool
from knet.utils.options import add_config_options, add_launcher_options, merge_options


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser('Train a model from a config; on the GPU if there is one.')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='where logs and checkpoints go; default work_dirs/<config name>')
    parser.add_argument('--load-from', help='checkpoint or work directory to start from (weights only)')
    parser.add_argument('--resume-from', help='checkpoint or work directory to continue')
    parser.add_argument('--auto-resume', action='store_true', help='continue if the work directory has a checkpoint')
    parser.add_argument(
        '--resume-settings',
        choices=['checkpoint', 'config'],
        help='whose learning rate, weight decay, ... a resumed training uses if they differ (default: checkpoint)',
    )
    parser.add_argument('--trust-checkpoint', action='store_true', help='allow checkpoints with pickled code')
    parser.add_argument('--no-validate', action='store_true', help='do not score the validation set while training')
    parser.add_argument('--seed', type=int, help='base seed; default: of the config, or random (see the log)')
    parser.add_argument('--deterministic', action='store_true', help='bit-repeatable, slower GPU routines')
    parser.add_argument('--detect-anomaly', action='store_true', help='find the operation that produced a NaN')
    parser.add_argument('--verbose', action='store_true', help='show on the screen what the log file holds')
    parser.add_argument('--gpus', type=int, help='accepted; several GPUs need tools/dist_train.sh')
    parser.add_argument('--gpu-ids', type=int, nargs='+', help='the first one is used')
    add_config_options(parser)
    add_launcher_options(parser)
    add_debug_option(parser)
    return parser.parse_args()


def check_devices(args: argparse.Namespace) -> None:
    """Choose the GPU; several GPUs need several processes.

    Raises:
        UsageError: If other than one GPU is asked for in one process.
    """
    import torch

    wanted = args.gpus if args.gpus is not None else len(args.gpu_ids or [0])
    if wanted < 1:
        raise UsageError(f'--gpus {wanted}: leave the option out; without a GPU the CPU trains')
    if wanted > 1 and args.launcher == 'none':
        raise UsageError(
            f'one process trains on one GPU; for {wanted} run: '
            f'sh ./tools/dist_train.sh JOB {args.config} {wanted} WORK_DIR'
        )
    if args.gpu_ids and args.launcher == 'none' and torch.cuda.is_available():
        torch.cuda.set_device(args.gpu_ids[0])


def main() -> None:
    """Run the training."""
    args = parse_args()
    check_devices(args)
    from torch.autograd import set_detect_anomaly

    from knet.apis import load_config, train
    from knet.apis.distributed import process_group

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    for key in ('load_from', 'resume_from'):
        cfg[key] = getattr(args, key) or cfg.get(key)
    for key in ('auto_resume', 'resume_settings', 'trust_checkpoint'):
        cfg[key] = getattr(args, key) or cfg.get(key)
    if args.verbose:
        cfg.verbose = True
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or str(Path('work_dirs', Path(args.config).stem))
    set_detect_anomaly(args.detect_anomaly)
    with process_group(args.launcher, args.local_rank, args.timeout):
        train(cfg, not args.no_validate, args.seed, args.deterministic)


if __name__ == '__main__':
    run_tool(main)
