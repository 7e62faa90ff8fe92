"""Write predictions of Cityscapes-VPS the way its evaluator reads them: pan_pred/<image id>.png and pred.json.

python tools/cityscapes_vps_format.py RESULT [GT] OUT
"""

import _root  # noqa: F401  puts the repository on the path
from tqdm import tqdm

from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth
from knet.results.exports.cityscapes_vps import write_cityscapes_vps
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import ToolParser, add_debug_option, run_tool


def main() -> None:
    """Run the command line."""
    parser = ToolParser('Write Cityscapes-VPS predictions as pan_pred/ and pred.json.')
    parser.add_argument('result_path', help='folder that tools/test_step.py wrote')
    parser.add_argument(
        'gt_path',
        nargs='?',
        default=CityscapesVPSGroundTruth.default_root,
        help='data set folder; default: %(default)s',
    )
    parser.add_argument('out_dir', help='folder to fill')
    parser.add_argument('--split', default='val', help='default: %(default)s')
    add_debug_option(parser)
    args = parser.parse_args()
    truth = CityscapesVPSGroundTruth(args.gt_path, args.split)
    total = sum(len(truth.frames(video)) for video in truth.videos())
    with tqdm(total=total, unit='frame', disable=None) as bar:
        write_cityscapes_vps(PredictionReader(args.result_path), truth, args.out_dir, bar.update)
    print(f'{args.out_dir}: {total} frames of {len(truth.videos())} videos')


if __name__ == '__main__':
    run_tool(main)
