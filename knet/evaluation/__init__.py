"""Scores of predictions on disk. Needs numpy and OpenCV only.

``from knet.evaluation.metric import METRICS, score`` is all that most programs need; the metrics themselves are in
:mod:`~knet.evaluation.stq`, :mod:`~knet.evaluation.vpq`, :mod:`~knet.evaluation.pq`, :mod:`~knet.evaluation.dstq`,
:mod:`~knet.evaluation.vss` and :mod:`~knet.evaluation.vis_ap`.
"""

# Each module registers its metric.
from knet.evaluation import dstq, pq, stq, vis_ap, vpq, vss

__all__ = ['dstq', 'pq', 'stq', 'vis_ap', 'vpq', 'vss']
