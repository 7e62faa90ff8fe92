"""The benchmark's definition of AP on full masks, written as slowly as it reads."""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

AREAS = dict(all=(0, 1e10), s=(0, 128**2), m=(128**2, 256**2), l=(256**2, 1e10))
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


def overlap(detection: Sequence[np.ndarray], track: Sequence[np.ndarray]) -> float:
    """Return the sum of intersections over the sum of unions of the masks of all frames, (H, W) bool each."""
    shared = sum(int((d & t).sum()) for d, t in zip(detection, track))
    union = sum(int((d | t).sum()) for d, t in zip(detection, track))
    return shared / union if union else 0.0


def mean_area(masks: Sequence[np.ndarray]) -> float:
    visible = [int(mask.sum()) for mask in masks if mask.any()]
    return sum(visible) / len(visible) if visible else 0.0


def match_video(found: List[Dict], truth: List[Dict], threshold: float, limits: Any, most: int) -> Any:
    """Return (score, hit, ignored) of the detections of a class in a video, and the number of tracks that count."""
    found = sorted(found, key=lambda d: -d['score'])[:most]
    ignore = [t['iscrowd'] or not limits[0] <= mean_area(t['masks']) <= limits[1] for t in truth]
    order = [i for i in range(len(truth)) if not ignore[i]] + [i for i in range(len(truth)) if ignore[i]]
    used, rows = set(), []
    for det in found:
        best, best_value = None, min(threshold, 1 - 1e-10)
        for i in order:
            if i in used and not truth[i]['iscrowd']:
                continue
            if best is not None and not ignore[best] and ignore[i]:
                break
            value = overlap(det['masks'], truth[i]['masks'])
            if value >= best_value:
                best, best_value = i, value
        if best is not None:
            used.add(best)
            rows.append((det['score'], not ignore[best], ignore[best]))
        else:
            rows.append((det['score'], False, not limits[0] <= mean_area(det['masks']) <= limits[1]))
    return rows, ignore.count(False)


def curve(rows: List[Any], positives: int) -> Any:
    """Return the 101 precisions and the recall."""
    hits = misses = 0
    points = []
    for _, hit, ignored in sorted(rows, key=lambda row: -row[0]):
        if not ignored:
            hits, misses = hits + hit, misses + (not hit)
        points.append((hits / positives, hits / (hits + misses) if hits + misses else 0.0))
    precisions = [max([p for r, p in points[i:]]) for i, (recall, _) in enumerate(points)]
    at = []
    for wanted in RECALLS:
        reached = [precisions[i] for i, (recall, _) in enumerate(points) if recall >= wanted]
        at.append(reached[0] if reached else 0.0)
    return at, points[-1][0] if points else 0.0


def reference(videos: Dict[int, Dict[str, List[Dict]]]) -> Dict[str, Optional[float]]:
    """Return the 12 scores.

    Every ``videos[id]`` has ``found`` and ``truth``, lists of dicts with category, score, iscrowd and masks.
    """
    classes = sorted({item['category'] for video in videos.values() for item in video['truth']})

    def score(area: str, most: int, thresholds: Sequence[float]) -> Any:
        aps, ars = [], []
        for category in classes:
            for threshold in thresholds:
                rows, positives = [], 0
                for number in sorted(videos):
                    of = {
                        side: [x for x in videos[number][side] if x['category'] == category]
                        for side in ('found', 'truth')
                    }
                    new, count = match_video(of['found'], of['truth'], threshold, AREAS[area], most)
                    rows, positives = rows + new, positives + count
                if positives:
                    at, recall = curve(rows, positives)
                    aps.append(np.mean(at))
                    ars.append(recall)
        return (float(np.mean(aps)), float(np.mean(ars))) if aps else (None, None)

    full = score('all', 100, THRESHOLDS)
    sizes = [score(area, 100, THRESHOLDS) for area in 'sml']
    return dict(
        AP=full[0],
        AP50=score('all', 100, [0.5])[0],
        AP75=score('all', 100, [THRESHOLDS[5]])[0],
        APs=sizes[0][0],
        APm=sizes[1][0],
        APl=sizes[2][0],
        AR1=score('all', 1, THRESHOLDS)[1],
        AR10=score('all', 10, THRESHOLDS)[1],
        AR100=full[1],
        ARs=sizes[0][1],
        ARm=sizes[1][1],
        ARl=sizes[2][1],
    )
