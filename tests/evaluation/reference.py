"""Slow second implementations of the metrics, pixel by pixel, and small worlds to try them on.

Written from the definitions and sharing nothing with the package, so that both being wrong alike is unlikely.
"""

import os
from collections import Counter, defaultdict
from math import sqrt
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import numpy as np

from knet.results.panoptic_store import PredictionWriter
from knet.utils.io import write_png_atomic

VOID = 255
#: gt_sem, gt_ins, pred_sem, pred_ins, each (H, W) int64.
Frame = Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
SHARED = Path(os.environ.get('KNET_SHARED', Path(__file__).resolve().parents[3] / 'shared'))


def golden_frame(t: int) -> Frame:
    """Frame ``t`` of the scene whose scores the original metric code computed."""
    gt_sem, gt_ins, pred_sem, pred_ins = (np.zeros((8, 12), dtype=np.int64) for _ in range(4))

    def paint(sem, ins, rows, columns, category, identity):
        sem[rows, columns] = category
        ins[rows, columns] = identity

    gt_sem[0:2] = pred_sem[0:2] = 10
    paint(gt_sem, gt_ins, slice(2, 5), slice(t, t + 6), 11, 1)
    paint(gt_sem, gt_ins, slice(5, 8), slice(8 - t, 11 - t), 13, 2)
    paint(gt_sem, gt_ins, slice(2, 4), slice(10, 12), 11, 0)
    paint(gt_sem, gt_ins, slice(6, 8), 11, VOID, 0)
    paint(pred_sem, pred_ins, slice(2, 5), slice(t + 1, t + 7), 11, 5 if t < 2 else 6)
    paint(pred_sem, pred_ins, slice(5, 8), slice(8 - t, 12 - t), 13, 7)
    paint(pred_sem, pred_ins, 5, 8 - t, 12, 0)
    return gt_sem, gt_ins, pred_sem, pred_ins


def random_video(seed: int, frames: int = 4) -> List[Frame]:
    """Blocky maps with things, stuff, crowd and void; the prediction is the noisy ground truth."""
    rng = np.random.RandomState(seed)
    height, width = rng.randint(1, 7, 2)
    classes = np.array([0, 1, 11, 11, 12, 13, 13, VOID])

    def blocks():
        columns = rng.randint(0, 3, width).cumsum() // 2
        picks = rng.randint(0, len(classes), columns.max() + 1)
        sem = np.tile(classes[picks][columns], (height, 1))
        ins = np.tile(rng.randint(0, 4, len(picks))[columns], (height, 1))
        return sem, np.where(np.isin(sem, (11, 13)) | (rng.rand() < 0.2), ins, 0)

    video, noise = [], rng.choice([0, 0.1, 0.4])
    gt_sem, gt_ins = blocks()
    for _ in range(frames):
        if rng.rand() < 0.3:
            gt_sem, gt_ins = blocks()
        pred_sem, pred_ins = gt_sem.copy(), gt_ins.copy()
        if rng.rand() < 0.4:
            pred_ins = np.where(pred_ins > 0, pred_ins + rng.randint(0, 3), 0)
        hit = rng.rand(height, width) < noise
        pred_sem[hit] = rng.choice(classes, hit.sum())
        pred_ins[hit] = rng.randint(0, 3, hit.sum())
        video.append((gt_sem, gt_ins, pred_sem, pred_ins))
    return video


def pixels(frame: Frame) -> Iterator[Tuple[int, ...]]:
    """Return the pixels of a frame as tuples of Python ints."""
    return zip(*(plane.ravel().tolist() for plane in frame))


def reference_stq(
    videos: Dict[int, List[Frame]], things: Tuple[int, ...], drop_void: bool
) -> Tuple[float, float, float]:
    """STQ, AQ and SQ of the definition; SQ is NaN without any labelled pixel."""
    association, tubes = 0.0, 0
    inter, rows, columns = Counter(), Counter(), Counter()
    for frames in videos.values():
        gt_size, pred_size, overlap = Counter(), Counter(), Counter()
        for frame in frames:
            for gt_class, gt_id, pred_class, pred_id in pixels(frame):
                if gt_class != VOID:
                    rows[gt_class] += 1
                    columns[pred_class] += 1
                    inter[gt_class] += gt_class == pred_class
                elif drop_void:
                    continue
                in_gt = gt_class in things and gt_id != 0
                crowd = gt_class in things and gt_id == 0
                in_pred = pred_class in things and not crowd
                gt_size[gt_class, gt_id] += in_gt
                pred_size[pred_class, pred_id] += in_pred
                overlap[(gt_class, gt_id), (pred_class, pred_id)] += in_gt and in_pred
        for g, size in gt_size.items():
            if size:
                tubes += 1
                shared = {p: n for (h, p), n in overlap.items() if h == g and n}
                association += sum(n * n / (size + pred_size[p] - n) for p, n in shared.items()) / size
    aq = association / tubes if tubes else 0.0
    ious = [inter[c] / (rows[c] + columns[c] - inter[c]) for c in {*rows, *columns}]
    sq = sum(ious) / len(ious) if ious else float('nan')
    return sqrt(aq * sq) if ious else float('nan'), aq, sq


def reference_matching(
    window: List[Frame], official: bool, things: Tuple[int, ...] = (11, 13), crowd_ignored: bool = False
) -> Dict[int, List[float]]:
    """IoU sum, TP, FP, FN per class of frames taken as one image."""
    gt_pixels, pred_pixels, void_pixels, class_255 = defaultdict(set), defaultdict(set), set(), set()
    crowd_pixels = defaultdict(set)
    for t, frame in enumerate(window):
        for i, (gt_class, gt_id, pred_class, pred_id) in enumerate(pixels(frame)):
            gt_pixels[gt_class, gt_id].add((t, i))
            if pred_class != VOID:
                pred_pixels[pred_class, pred_id].add((t, i))
            if gt_class == VOID:
                class_255.add((t, i))
                if official or gt_id == 0:
                    void_pixels.add((t, i))
            if crowd_ignored and gt_class in things and gt_id == 0:
                crowd_pixels[gt_class].add((t, i))
    result = defaultdict(lambda: [0.0, 0, 0, 0])
    found = set()
    for p, p_pixels in pred_pixels.items():
        partner = None
        for g, g_pixels in gt_pixels.items():
            if g[0] == p[0] and not (crowd_ignored and g[0] in things and g[1] == 0):
                iou = len(g_pixels & p_pixels) / len(g_pixels | (p_pixels - void_pixels))
                if iou > 0.5:
                    assert partner is None and g not in found
                    partner = g
                    found.add(g)
                    result[p[0]][0] += iou
                    result[p[0]][1] += 1
        if partner is None and 2 * len(p_pixels & (class_255 | crowd_pixels[p[0]])) <= len(p_pixels):
            result[p[0]][2] += 1
    for g in gt_pixels:
        crowd = crowd_ignored and g[0] in things and g[1] == 0
        if g[0] != VOID and g not in found and not crowd:
            result[g[0]][3] += 1
    return dict(result)


def reference_vpq(videos: Dict[int, List[Frame]], k: int, official: bool) -> Dict[int, List[float]]:
    """IoU sum, TP, FP, FN per class over all windows of k frames."""
    total = defaultdict(lambda: [0.0, 0, 0, 0])
    for frames in videos.values():
        length = k if official else min(k, len(frames))
        for start in range(len(frames) - length + 1):
            for category, counts in reference_matching(frames[start : start + length], official).items():
                total[category] = [a + b for a, b in zip(total[category], counts)]
    return dict(total)


def write_world(root: Path, videos: Dict[int, Dict[int, Frame]]) -> Tuple[Path, Path]:
    """Write videos (frames by number) as a result folder and a KITTI-STEP ground-truth folder."""
    with PredictionWriter(root / 'result', meta={}) as writer:
        for video, frames in videos.items():
            for number, (gt_sem, gt_ins, pred_sem, pred_ins) in frames.items():
                rgb = np.stack([gt_sem, gt_ins // 256, gt_ins % 256], axis=-1).astype(np.uint8)
                write_png_atomic(root / 'gt' / 'video_sequence' / 'val' / f'{video:06d}_{number:06d}_panoptic.png', rgb)
                writer.write(video, number, pred_sem, pred_ins)
            writer.finish_video(video, len(frames))
    return root / 'result', root / 'gt'
