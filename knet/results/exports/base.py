"""What an exporter is: it writes stored results the way a server, or another program, takes them."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Callable, ClassVar, Dict, List, Optional, Type, TypeVar

from knet.labels import LabelSpace
from knet.utils.io import PathLike

E = TypeVar('E', bound='Exporter')


def no_tick() -> object:
    """Do nothing after a frame."""
    return None


class Exporter(ABC):
    """Writes stored results as files of a server.

    Args:
        label_space: Classes of the results; None takes those that are stored with them.

    Attributes:
        name: Name in :data:`EXPORTERS`.
        needs_truth: Whether the ground truth is looked at; if not, None stands for it.
    """

    name: ClassVar[str]
    needs_truth: ClassVar[bool] = False

    def __init__(self, label_space: Optional[LabelSpace] = None) -> None:
        self.label_space = label_space

    def classes(self, predictions: Any) -> LabelSpace:
        """Return the classes of predictions.

        Raises:
            ValueError: If nothing says what they are.
        """
        space = self.label_space or predictions.label_space()
        if space is None:
            raise ValueError(
                f'{predictions.root.parent}: the predictions do not say their classes; give the label space'
            )
        return space

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
