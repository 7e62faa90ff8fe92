"""Convert Swin weights between the layout of the original release and that of mmdet.

    python tools/model_converters/swin_keys.py swin_base_patch4_window7_224_22k.pth swin_b.pth --to mmdet
    python tools/model_converters/swin_keys.py work_dir/latest.pth published.pth --to original

Models here load both layouts as they are; the converter serves other programs.
IN is a classification checkpoint of the Swin authors or a checkpoint of a
detector with a Swin backbone. The weights of the classifier itself and the
state of the optimizer are left out.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from knet.utils.cli import ToolParser, UsageError, add_debug_option, run_tool

PREFIX = 'backbone.'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('source', metavar='IN', help='checkpoint file or work directory')
    parser.add_argument('target', metavar='OUT', help='file to write')
    parser.add_argument('--to', required=True, choices=('mmdet', 'original'), help='layout to write')
    parser.add_argument(
        '--trust-checkpoint',
        action='store_true',
        help='open checkpoints that contain pickled code; only for files whose origin you trust',
    )
    add_debug_option(parser)
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    from knet.apis import read_checkpoint, resolve_checkpoint
    from knet.apis.checkpoint import save_atomic
    from knet.backbones import swin_keys

    source, target = resolve_checkpoint(args.source), Path(args.target)
    if target.exists() and target.samefile(source):
        raise UsageError(f'{target} is the file to be converted; name another one to write')
    checkpoint = read_checkpoint(source, args.trust_checkpoint)
    weights = checkpoint['state_dict']
    if not any(key.startswith(PREFIX) for key in weights):
        weights = {PREFIX + key: value for key, value in weights.items()}
    original = swin_keys.is_original(weights, PREFIX)
    if not original and not any(key.startswith(f'{PREFIX}stages.') and '.w_msa.' in key for key in weights):
        raise UsageError(f'checkpoint {source} holds no Swin backbone (no key {PREFIX}layers.* or {PREFIX}stages.*)')
    if original == (args.to == 'original'):
        raise UsageError(f'checkpoint {source} has the layout "{args.to}" already')
    convert = swin_keys.to_original if args.to == 'original' else swin_keys.to_mmdet
    target.parent.mkdir(parents=True, exist_ok=True)
    converted = convert(weights, PREFIX)
    save_atomic(dict(state_dict=converted, meta=checkpoint['meta']), target)
    print(f'{target}: {len(converted)} tensors, Swin backbone in the layout "{args.to}"')


if __name__ == '__main__':
    run_tool(main)
