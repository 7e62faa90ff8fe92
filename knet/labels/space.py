"""Label spaces: the declarative description of a data set's classes.

A :class:`LabelSpace` is the only place that defines how a data set numbers its classes. Detectors, data sets, fusion,
evaluators and drawing take the numbering from it; a new data set is one more declaration.

Three numberings meet here:

* *dataset id*: the value in ground-truth and prediction PNGs, 0..254; ``void`` (255) marks pixels without a label;
* *model class*: the index of a classification logit, 0..K-1, **things first** (0..T-1) and then stuff (T..K-1), each in
  ascending dataset id;
* *thing label*: the model class of a thing, 0..T-1 (``gt_labels``).

A space may *leave out* classes that the files of a data set have: nothing is learned, predicted or scored on their
pixels, which are read as void.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterable, Optional, Sequence, Tuple

import numpy as np

from .colours import Colour

MAX_ID = 254


@dataclass(frozen=True)
class ClassInfo:
    """One class of a data set.

    Attributes:
        name: Human-readable name.
        colour: RGB colour for drawing, each 0..255.
        is_thing: True if instances of the class are told apart.
        dataset_id: Value of the class in label PNGs, 0..254.
    """

    name: str
    colour: Colour
    is_thing: bool
    dataset_id: int


class LabelSpace:
    """The classes of a data set and the maps between their numberings.

    Args:
        name: Registry name, e.g. ``'kitti_step'``.
        classes: The classes in any order.
        void: Dataset id of unlabelled pixels.
        left_out: Further classes of the files, whose pixels are read as void.

    Attributes:
        things: Thing classes; the position is the thing label.
        stuff: Stuff classes; the position + T is the model class.
        left_out: Classes of the files that are read as void, in ascending dataset id.
        dataset_ids: (K,) int64 dataset ids by model class.
        model_classes: (256,) int64 model classes by dataset id; -1 for void and for ids that no class has.
        is_thing: (256,) bool, whether a dataset id is that of a thing; False for void and for ids that no class has.
        palette: (256, 3) uint8 RGB colours by dataset id; void is black.

    Raises:
        ValueError: If there is no class, two classes share a dataset id or a name, or an id is outside 0..254.

    Example:
        >>> road, car = ClassInfo('road', (128, 64, 128), False, 0), ClassInfo('car', (0, 0, 142), True, 13)
        >>> space = LabelSpace('tiny', [road, car])
        >>> space
        LabelSpace('tiny', 1 things + 1 stuff)
        >>> space.names, space.dataset_ids.tolist()
        (('road', 'car'), [13, 0])
        >>> space.model_classes[np.array([[0, 13, 255]])]  # Things come first; void has no model class.
        array([[ 1,  0, -1]])
    """

    def __init__(
        self, name: str, classes: Sequence[ClassInfo], void: int = 255, left_out: Sequence[ClassInfo] = ()
    ) -> None:
        self.name = name
        self.void = void
        ordered = sorted(classes, key=lambda c: c.dataset_id)
        self.things = tuple(c for c in ordered if c.is_thing)
        self.stuff = tuple(c for c in ordered if not c.is_thing)
        self.left_out = tuple(sorted(left_out, key=lambda c: c.dataset_id))
        self._check((*ordered, *self.left_out))
        model_order = self.things + self.stuff
        self.dataset_ids = np.array([c.dataset_id for c in model_order], dtype=np.int64)
        self.model_classes = np.full(256, -1, dtype=np.int64)
        self.is_thing = np.zeros(256, dtype=bool)
        self.is_thing[[c.dataset_id for c in self.things]] = True
        self.palette = np.zeros((256, 3), dtype=np.uint8)
        for model_class, info in enumerate(model_order):
            self.model_classes[info.dataset_id] = model_class
            self.palette[info.dataset_id] = info.colour

    def _check(self, infos: Sequence[ClassInfo]) -> None:
        ids, names = [c.dataset_id for c in infos], [c.name for c in infos]
        if not self.things and not self.stuff:
            raise ValueError(f'label space {self.name!r} has no class; give it one at least')
        if any(not 0 <= i <= MAX_ID or i == self.void for i in ids):
            raise ValueError(
                f'label space {self.name!r}: dataset ids must lie in 0..254 and differ from void={self.void}, got {ids}'
            )
        for what, values in (('dataset id', ids), ('name', names)):
            if len(set(values)) != len(values):
                raise ValueError(f'label space {self.name!r}: two classes share a {what}: {values}')

    @property
    def num_things(self) -> int:
        """T, the number of thing classes."""
        return len(self.things)

    @property
    def num_stuff(self) -> int:
        """S, the number of stuff classes."""
        return len(self.stuff)

    @property
    def num_classes(self) -> int:
        """K = T + S, the number of classification logits."""
        return len(self.dataset_ids)

    @property
    def classes(self) -> Tuple[ClassInfo, ...]:
        """All classes in ascending dataset id."""
        return tuple(sorted(self.things + self.stuff, key=lambda c: c.dataset_id))

    @property
    def file_classes(self) -> Tuple[ClassInfo, ...]:
        """All classes that label files may hold, in ascending dataset id: also those that are left out."""
        return tuple(sorted(self.things + self.stuff + self.left_out, key=lambda c: c.dataset_id))

    @property
    def names(self) -> Tuple[str, ...]:
        """Class names in ascending dataset id (``CLASSES`` of the data sets)."""
        return tuple(c.name for c in self.classes)

    @property
    def thing_ids(self) -> Tuple[int, ...]:
        """Dataset ids of the thing classes; position = thing label."""
        return tuple(c.dataset_id for c in self.things)

    @property
    def stuff_ids(self) -> Tuple[int, ...]:
        """Dataset ids of the stuff classes; position + T = model class."""
        return tuple(c.dataset_id for c in self.stuff)

    def keep(self, names: Iterable[str], name: Optional[str] = None) -> 'LabelSpace':
        """Return the space of some of the classes, which leaves out the others.

        Args:
            names: Names of the classes to keep.
            name: Name of the new space; default: the old one with the number of classes.

        Raises:
            ValueError: If there is no class of a name.

        >>> road, car = ClassInfo('road', (128, 64, 128), False, 0), ClassInfo('car', (0, 0, 142), True, 13)
        >>> LabelSpace('tiny', [road, car]).keep(['car']).left_out
        (ClassInfo(name='road', colour=(128, 64, 128), is_thing=False, dataset_id=0),)
        """
        wanted = set(names)
        unknown = sorted(wanted - set(self.names))
        if unknown:
            raise ValueError(f'label space {self.name!r} has no class {unknown[0]!r}; it has {", ".join(self.names)}')
        kept = [info for info in self.classes if info.name in wanted]
        others = [info for info in self.file_classes if info.name not in wanted]
        return LabelSpace(name or f'{self.name}_{len(kept)}_classes', kept, self.void, others)

    def numbers_like(self, other: 'LabelSpace') -> bool:
        """Return whether both spaces have the same classes with the same ids and kinds, and the same void.

        The names of the spaces, colours, and classes that are left out do not matter.
        """
        return self.void == other.void and self._numbering() == other._numbering()

    def is_part_of(self, other: 'LabelSpace') -> bool:
        """Return whether ``other`` has all classes of the files of this space, with the same ids."""
        return {(c.dataset_id, c.name) for c in self.file_classes} <= {
            (c.dataset_id, c.name) for c in other.file_classes
        }

    def _numbering(self) -> Tuple[Tuple[int, str, bool], ...]:
        return tuple((c.dataset_id, c.name, c.is_thing) for c in self.classes)

    def to_plain(self) -> Dict[str, Any]:
        """Return the label space as plain data, which JSON can hold; ``space_from_plain`` makes it a label space again.

        >>> LabelSpace('one', [ClassInfo('car', (0, 0, 142), True, 13)]).to_plain()['classes']
        [{'id': 13, 'name': 'car', 'kind': 'thing', 'colour': [0, 0, 142]}]
        """

        def plain(infos: Sequence[ClassInfo]) -> Any:
            return [
                dict(id=c.dataset_id, name=c.name, kind='thing' if c.is_thing else 'stuff', colour=list(c.colour))
                for c in infos
            ]

        left_out = dict(left_out=plain(self.left_out)) if self.left_out else {}
        return dict(name=self.name, void=self.void, classes=plain(self.classes), **left_out)

    def __repr__(self) -> str:
        return f'LabelSpace({self.name!r}, {self.num_things} things + {self.num_stuff} stuff)'
