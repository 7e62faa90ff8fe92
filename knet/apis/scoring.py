"""Scoring what a run has stored, and the identity of a run."""

import hashlib
from pathlib import Path
from typing import Any, Dict, List, Sequence, Type, Union

from mmcv import Config

from knet.apis.checkpoint import fingerprint
from knet.evaluation.metric import METRICS, Metric, Result, metric_names, score
from knet.results.panoptic_store import PredictionReader
from knet.utils.cli import UsageError
from knet.utils.precision import Half


def run_identity(cfg: Config, checkpoint: Path, amp: Half) -> Dict[str, str]:
    """Return what predictions depend on; it is stored with them so that runs do not mix.

    Args:
        cfg: Config of the model and its test data.
        checkpoint: Weights of the model.
        amp: Half precision of the model, see :data:`knet.utils.precision.Half`.
    """
    text = Config(dict(model=cfg.model, test=cfg.data.test)).pretty_text
    return dict(
        config=Path(cfg.filename).name,
        config_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        checkpoint=checkpoint.name,
        checkpoint_hash=fingerprint(checkpoint),
        precision=amp if isinstance(amp, str) else 'half' if amp else 'full',
    )


def video_metrics(names: Sequence[str]) -> List[Type[Metric]]:
    """Return the metrics of stored label maps by name, each once.

    Args:
        names: Names as ``--eval`` takes them.

    Raises:
        UsageError: If there is no such metric.
    """
    known = metric_names('maps')
    for name in names:
        if name not in known:
            raise UsageError(f'unknown metric {name!r} for videos; choose from {", ".join(known)}')
    return list(dict.fromkeys(METRICS[name] for name in names))


def score_videos(
    result_dir: Union[str, Path],
    dataset: Any,
    metrics: Sequence[str],
    protocol: str = 'official',
    nproc: int = 1,
    allow_missing: bool = False,
) -> Dict[str, Result]:
    """Score stored predictions against the ground truth of a data set.

    Args:
        result_dir: Folder of the predictions.
        dataset: Data set with ``ground_truth()`` and ``label_space``.
        metrics: Names as ``--eval`` takes them; ``'miou'`` and ``'vc'`` are computed together.
        protocol: ``'official'`` or ``'paper-repo'``, for metrics that know both.
        nproc: Number of evaluator processes.
        allow_missing: Whether absent frames are tolerated.

    Returns:
        Result by the name of its metric, such as ``'stq'``.

    Raises:
        UsageError: If a metric is unknown.
        ValueError: If the predictions do not fit.
    """
    chosen = video_metrics(metrics)
    predictions, truth = PredictionReader(result_dir), dataset.ground_truth()
    return {
        metric.name: score(
            metric.for_data(dataset.label_space, truth, protocol), predictions, truth, nproc, allow_missing
        )
        for metric in chosen
    }
