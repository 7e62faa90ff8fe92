"""What a metric and its result are, and how stored predictions are scored: the same for every metric.

A metric is an accumulator. It is updated with one video after another, in any order and in any number of processes,
merged, and computed once.
"""

from abc import ABC, abstractmethod
from typing import Any, Dict, Generic, Optional, TypeVar

R = TypeVar('R', bound='Result')
M = TypeVar('M', bound='Metric')


class Result(ABC):
    """Scores of a data set."""

    @abstractmethod
    def headline(self) -> Dict[str, Optional[float]]:
        """Return the few scores that a log line, a hook or a summary shows, as fractions in 0..1; None if undefined."""

    @abstractmethod
    def table(self) -> str:
        """Return readable tables, in percent."""

    @abstractmethod
    def to_json(self) -> Dict[str, Any]:
        """Return all scores as plain dicts, lists and numbers, fractions in 0..1."""


class Metric(ABC, Generic[R]):
    """Accumulates the counts of videos (or images) and turns them into a :class:`Result`."""

    @abstractmethod
    def merge(self: M, other: M) -> None:
        """Add what another accumulator of the same kind has seen."""

    @abstractmethod
    def compute(self) -> R:
        """Return the scores of everything seen so far."""
