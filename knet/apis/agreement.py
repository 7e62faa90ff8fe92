"""The agreement of a model and a data set on the classes."""

from typing import Any, Iterator

from knet.labels import LabelSpace
from knet.utils.cli import UsageError


def check_classes_agree(model: Any, dataset: Any) -> None:
    """Refuse a data set whose classes are not those of the model.

    Args:
        model: Model with a ``label_space``; other models pass.
        dataset: Data set with a ``label_space``, or a wrapper of one or several; others pass.

    Raises:
        UsageError: If both have a label space and their classes differ.
    """
    predicted = getattr(model, 'label_space', None)
    if not isinstance(predicted, LabelSpace):
        return
    for part in _labelled(dataset):
        if not predicted.numbers_like(part.label_space):
            raise UsageError(
                f'the model predicts {predicted}, {type(part).__name__} has {part.label_space}; model.label_space and '
                'the data set of a config must agree'
            )


def _labelled(dataset: Any) -> Iterator[Any]:
    """Yield the data sets with a label space: this one, or those that it wraps."""
    if isinstance(getattr(dataset, 'label_space', None), LabelSpace):
        yield dataset
        return
    wrapped = [dataset.dataset] if hasattr(dataset, 'dataset') else getattr(dataset, 'datasets', ())
    for part in wrapped:
        yield from _labelled(part)
