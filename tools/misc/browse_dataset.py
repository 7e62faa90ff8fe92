"""Draw what the training sees: images after augmentation with masks, boxes, classes and ids.

Key frame and reference together, or all frames of a clip; an object has one colour in all of them:

    python tools/misc/browse_dataset.py configs/toy/video_knet_toy_kitti_step.py --out-dir browse --num 10
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np

from knet.labels import LabelSpace
from knet.layouts.id_maps import ID_SHIFT
from knet.utils.cli import ToolParser, add_debug_option, run_tool
from knet.utils.io import write_png_atomic
from knet.utils.options import add_config_options, merge_options
from knet.visualization import enlarge, overlay, side_by_side, track_colour


def unwrap(sample: Dict[str, Any]) -> Dict[str, Any]:
    """Contents of the data containers of a sample, tensors as arrays."""
    contents = {key: getattr(value, 'data', value) for key, value in sample.items()}
    return {key: value.numpy() if hasattr(value, 'numpy') else value for key, value in contents.items()}


def has_key(sample: Dict[str, Any]) -> bool:
    """Whether a training sample has a key frame; the frames of a clip are references only."""
    return 'img' in sample


def frames_of(sample: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Split an unwrapped training sample into its frames, key first if there is one.

    Args:
        sample: Keys of one frame, and with prefix ``ref_`` those of R references.
    """
    frames = []
    if has_key(sample):
        frames.append({name: value for name, value in sample.items() if not name.startswith('ref_')})
        if 'gt_semantic_seg' in sample:
            frames[0]['gt_semantic_seg'] = sample['gt_semantic_seg'][0]
    frames += [reference(sample, number) for number in range(len(sample.get('ref_img_metas', [])))]
    for frame in frames:
        # Samples of semantic segmentation have no instances.
        frame.setdefault('gt_labels', np.zeros(0, dtype=np.int64))
        if 'gt_masks' not in frame:
            from mmdet.core import BitmapMasks

            size = frame['gt_semantic_seg'].shape
            frame['gt_masks'] = BitmapMasks(np.zeros((0, *size), np.uint8), *size)
    return frames


def reference(sample: Dict[str, Any], number: int) -> Dict[str, Any]:
    """Return one of the references of an unwrapped training sample, as far as they are collected."""
    frame = {name: sample[f'ref_{name}'][number] for name in ('img', 'img_metas')}
    if 'ref_gt_semantic_seg' in sample:
        frame['gt_semantic_seg'] = sample['ref_gt_semantic_seg'][number, 0]
    if 'ref_gt_masks' in sample:
        frame['gt_masks'] = sample['ref_gt_masks'][number]
    for name in ('gt_bboxes', 'gt_labels', 'gt_instance_ids'):
        if f'ref_{name}' in sample:
            rows = sample[f'ref_{name}']
            rows = rows[rows[:, 0] == number, 1:]
            frame[name] = rows if name == 'gt_bboxes' else rows[:, 0]
    return frame


def draw_frame(frame: Dict[str, Any], label_space: LabelSpace) -> np.ndarray:
    """Draw the targets of one frame over its image.

    Args:
        frame: Image (3, H, W) normalised, masks, labels; semantic map, boxes and ids if collected.
        label_space: The classes.

    Returns:
        (f H, f W, 3) uint8 RGB, small frames enlarged; pixels that nothing is learned from are black, unless only
        instances are learned.
    """
    import mmcv

    norm = frame['img_metas']['img_norm_cfg']
    image = mmcv.imdenormalize(np.ascontiguousarray(frame['img'].transpose(1, 2, 0)), norm['mean'], norm['std'], False)
    image = image.round().clip(0, 255).astype(np.uint8)
    masks = frame['gt_masks'].masks.astype(bool)
    numbers = frame.get('gt_instance_ids', np.arange(1, len(masks) + 1)) & ((1 << ID_SHIFT) - 1)
    semantic = frame.get('gt_semantic_seg', np.full(masks.shape[1:], label_space.void)).astype(np.uint8)
    instance = np.zeros(semantic.shape, dtype=np.int32)
    for mask, number, label in zip(masks, numbers, frame['gt_labels']):
        instance[mask] = number
        semantic[mask] = label_space.thing_ids[int(label)]
    image, semantic, instance = enlarge(image, semantic, instance)
    factor = len(image) // masks.shape[1]
    drawn = overlay(image, semantic, instance, label_space)
    if 'gt_semantic_seg' in frame:
        drawn[semantic == label_space.void] = 0
    for box, label, number in zip(frame.get('gt_bboxes', ()), frame['gt_labels'], numbers):
        colour = tuple(int(c) for c in track_colour(int(number)))
        x0, y0, x1, y1 = (int(v) * factor for v in box)
        cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, 1)
        text = f'{label_space.things[int(label)].name} {int(number)}'
        cv2.putText(drawn, text, (x0, max(y0 - 2, 8)), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (255, 255, 255), 1, cv2.LINE_AA)
    return drawn


def frame_name(meta: Dict[str, Any]) -> str:
    """Video and frame number, or the file name of an image that belongs to no video."""
    return f'video {meta["video_id"]} frame {meta["frame_id"]}' if 'video_id' in meta else meta['ori_filename']


def draw_sample(sample: Dict[str, Any], label_space: LabelSpace) -> np.ndarray:
    """Key and references, or the frames of a clip, side by side, (H, W', 3) uint8 RGB."""
    sample = unwrap(sample)
    frames = frames_of(sample)
    roles = ['key', *['reference'] * (len(frames) - 1)] if has_key(sample) else ['clip'] * len(frames)
    titles = [
        f'{role}: {frame_name(frame["img_metas"])}, {len(frame["gt_labels"])} things'
        for role, frame in zip(roles, frames)
    ]
    return side_by_side([draw_frame(frame, label_space) for frame in frames], titles)


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='a training config')
    parser.add_argument('--out-dir', default='browse', help='folder for the pictures (default: %(default)s)')
    parser.add_argument('--num', type=int, default=10, help='number of samples (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of choice and augmentation (default: %(default)s)')
    add_config_options(parser)
    add_debug_option(parser)
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the command."""
    args = parse_args(argv)
    from knet.apis import load_config

    # isort: split
    from mmdet.datasets import build_dataset

    cfg = load_config(args.config, merge_options(args.cfg_options, args.options))
    dataset = build_dataset(cfg.data.train)
    # RepeatDataset and ConcatDataset wrap the one that knows its classes.
    source = dataset
    while not hasattr(source, 'label_space'):
        source = source.dataset if hasattr(source, 'dataset') else source.datasets[0]
    np.random.seed(args.seed)
    out_dir = Path(args.out_dir)
    out_dir.mkdir(parents=True, exist_ok=True)
    for number in range(args.num):
        index = np.random.randint(len(dataset))
        path = out_dir / f'{number:03d}.png'
        write_png_atomic(path, draw_sample(dataset[index], source.label_space))
        print(path)


if __name__ == '__main__':
    run_tool(main)
