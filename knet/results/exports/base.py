"""What an exporter is: it writes stored results the way a server, or another program, takes them."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, List, Type, TypeVar

from knet.utils.io import PathLike

E = TypeVar('E', bound='Exporter')


def no_tick() -> object:
    """Do nothing after a frame."""
    return None


class Exporter(ABC):
    """Writes stored results as files of a server.

    Attributes:
        name: Name in :data:`EXPORTERS`.
    """

    name: ClassVar[str]

    @abstractmethod
    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write the files.

        Args:
            predictions: Stored predictions.
            truth: Ground truth of the split; it lists the frames that the server expects, labels may be missing.
            target: Folder or file to write.
            tick: Function that is called after every frame, for a progress bar.

        Returns:
            Files and folders that were written.

        Raises:
            ValueError: If the predictions are not complete or do not fit.
        """


#: Exporters by name.
EXPORTERS: Dict[str, Type[Exporter]] = {}


def register_exporter(exporter: Type[E]) -> Type[E]:
    """Make an exporter available by its name.

    Raises:
        KeyError: If the name is taken.
    """
    if exporter.name in EXPORTERS:
        raise KeyError(f'exporter {exporter.name!r} is already registered')
    EXPORTERS[exporter.name] = exporter
    return exporter
