"""Predictions of a small street with mistakes of every kind, and the report of them."""

import json
from pathlib import Path
from typing import Dict, List, Tuple

import numpy as np

from knet.evaluation.metric import score
from knet.evaluation.stq import STQuality
from knet.evaluation.vpq import VideoPanopticQuality
from knet.labels import KITTI_STEP
from knet.layouts.kitti_step import KittiStepGroundTruth
from knet.results.panoptic_store import PredictionReader, PredictionWriter
from knet.utils.io import write_png_atomic

SKY, ROAD, PERSON, CAR = 10, 0, 11, 13
FRAMES = 6


def street(frame: int, ids: Dict[str, int]) -> Tuple[np.ndarray, np.ndarray]:
    """A car that moves and a person who stands; who has no id is not there."""
    semantic, instance = np.zeros((48, 96), dtype=np.uint8), np.zeros((48, 96), dtype=np.int32)
    semantic[:20] = SKY
    for name, class_id, left in (('car', CAR, 8 + 3 * frame), ('person', PERSON, 70)):
        if name in ids:
            semantic[18:40, left : left + 20], instance[18:40, left : left + 20] = class_id, ids[name]
    return semantic, instance


def write_truth(root: Path) -> Path:
    """Two videos: in video 5 the person comes later."""
    for video in (3, 5):
        for frame in range(FRAMES):
            ids = dict(car=300, person=4) if video == 3 or frame > 1 else dict(car=300)
            semantic, instance = street(frame, ids)
            stem = root / f'video_sequence/val/{video:06d}_{frame:06d}'
            panoptic = np.stack([semantic, instance // 256, instance % 256], axis=-1).astype(np.uint8)
            write_png_atomic(f'{stem}_panoptic.png', panoptic)
            write_png_atomic(f'{stem}_leftImg8bit.png', np.full((48, 96, 3), 90, dtype=np.uint8))
    return root


def write_predictions(root: Path, truth: Path, switch: int) -> Path:
    """The car changes its identity in a frame, the person of video 3 is missed in frame 2; with their scores."""
    with PredictionWriter(root, dict(config='configs/' + 'a_long_name_' * 12 + '.py')) as writer:
        for video in (3, 5):
            for frame in range(FRAMES):
                ids = dict(car=1 if frame < switch else 2, person=3)
                if (video, frame) == (3, 2):
                    del ids['person']
                writer.write(video, frame, *street(frame, ids))
            writer.finish_video(video, FRAMES)
    predictions, labels = PredictionReader(root), KittiStepGroundTruth(truth)
    for name, metric in (('stq', STQuality(KITTI_STEP)), ('vpq', VideoPanopticQuality(KITTI_STEP, (1, 2, 3, 4)))):
        document = score(metric, predictions, labels).to_json()  # type: ignore[attr-defined]
        (root / f'{name}.json').write_text(json.dumps(document))
    return root


def write_log(path: Path) -> Path:
    """A training with 40 losses."""
    lines: List[dict] = [dict(env_info='x', seed=0)]
    for step in range(1, 31):
        losses = {f's{stage}_loss_{kind}': 9.0 / step for stage in range(3) for kind in ('mask', 'dice', 'cls', 'rank')}
        lines.append(dict(mode='train', epoch=1, iter=50 * step, lr=0.1, loss=99.0 / step, loss_track=0.3, **losses))
    path.write_text('\n'.join(map(json.dumps, lines)))
    return path


def report_options(folder: Path, out: Path) -> List[str]:
    """Command line of a report with every section; everything that it reads is written into a folder."""
    truth = write_truth(folder / 'truth')
    runs = {name: write_predictions(folder / name, truth, switch) for name, switch in (('good', 5), ('bad', 1))}
    options = dict(out=out, result=runs['good'], gt=truth, log=write_log(folder / 'run.log.json'), name='good')
    options.update(stq=runs['good'] / 'stq.json', vpq=runs['good'] / 'vpq.json', compare=f'bad={runs["bad"]}')
    facts = ['--fact', 'command=python tools/test_step.py ' + 'CONFIG ' * 40]
    return [word for name, value in options.items() for word in (f'--{name}', str(value))] + facts
