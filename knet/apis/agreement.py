"""The agreement of a model and a data set on the classes."""

from typing import Any

from knet.labels import LabelSpace
from knet.utils.cli import UsageError


def check_classes_agree(model: Any, dataset: Any) -> None:
    """Refuse a data set whose classes are not those of the model.

    Args:
        model: Model with a ``label_space``; other models pass.
        dataset: Data set with a ``label_space``, or a wrapper of one; others pass.

    Raises:
        UsageError: If both have a label space and their classes differ.
    """
    while not hasattr(dataset, 'label_space') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    predicted, labelled = getattr(model, 'label_space', None), getattr(dataset, 'label_space', None)
    if not isinstance(predicted, LabelSpace) or not isinstance(labelled, LabelSpace):
        return
    if not predicted.numbers_like(labelled):
        raise UsageError(
            f'the model predicts {predicted}, {type(dataset).__name__} has {labelled}; model.label_space and '
            'the data set of a config must agree'
        )
