"""Predictions on disk and their scores. Needs numpy and OpenCV only.

Import the modules: :mod:`~knet.results.panoptic_store` (prediction files and ground
truth), :mod:`~knet.evaluation.stq`, :mod:`~knet.evaluation.vpq`,
:mod:`~knet.evaluation.pq` and :mod:`~knet.evaluation.semantic` (metrics).
"""
