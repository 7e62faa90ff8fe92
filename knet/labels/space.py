"""Label spaces: the declarative description of a data set's classes.

A :class:`LabelSpace` is the only place that defines how a data set numbers its classes. Detectors, data sets, fusion,
evaluators and drawing take the numbering from it; a new data set is one more declaration.

Three numberings meet here:

* *dataset id*: the value in ground-truth and prediction PNGs, 0..254; ``void`` (255) marks pixels without a label;
* *model class*: the index of a classification logit, 0..K-1, **things first** (0..T-1) and then stuff (T..K-1), each in
  ascending dataset id;
* *thing label*: the model class of a thing, 0..T-1 (``gt_labels``).
"""

from dataclasses import dataclass
from typing import Any, Dict, Sequence, Tuple, Union

import numpy as np

Colour = Tuple[int, int, int]


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

    Attributes:
        things: Thing classes; the position is the thing label.
        stuff: Stuff classes; the position + T is the model class.
        dataset_ids: (K,) int64 dataset ids by model class.
        model_classes: (256,) int64 model classes by dataset id; -1 for void and for ids that no class has.
        palette: (256, 3) uint8 RGB colours by dataset id; void is black.

    Raises:
        ValueError: If two classes share a dataset id or an id is outside 0..254.

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

    def __init__(self, name: str, classes: Sequence[ClassInfo], void: int = 255) -> None:
        self.name = name
        self.void = void
        ordered = sorted(classes, key=lambda c: c.dataset_id)
        self.things = tuple(c for c in ordered if c.is_thing)
        self.stuff = tuple(c for c in ordered if not c.is_thing)
        self._check(ordered)
        model_order = self.things + self.stuff
        self.dataset_ids = np.array([c.dataset_id for c in model_order], dtype=np.int64)
        self.model_classes = np.full(256, -1, dtype=np.int64)
        self.palette = np.zeros((256, 3), dtype=np.uint8)
        for model_class, info in enumerate(model_order):
            self.model_classes[info.dataset_id] = model_class
            self.palette[info.dataset_id] = info.colour

    def _check(self, ordered: Sequence[ClassInfo]) -> None:
        ids = [c.dataset_id for c in ordered]
        if any(not 0 <= i <= 254 or i == self.void for i in ids):
            raise ValueError(
                f'label space {self.name!r}: dataset ids must lie in 0..254 and differ from void={self.void}, got {ids}'
            )
        if len(set(ids)) != len(ids):
            raise ValueError(f'label space {self.name!r}: two classes share a dataset id: {ids}')

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

    def to_plain(self) -> Dict[str, Any]:
        """Return the label space as plain data, which JSON can hold.

        >>> LabelSpace('one', [ClassInfo('car', (0, 0, 142), True, 13)]).to_plain()['classes']
        [{'id': 13, 'name': 'car', 'kind': 'thing', 'colour': [0, 0, 142]}]
        """
        classes = [
            dict(id=c.dataset_id, name=c.name, kind='thing' if c.is_thing else 'stuff', colour=list(c.colour))
            for c in self.classes
        ]
        return dict(name=self.name, void=self.void, classes=classes)

    @classmethod
    def from_plain(cls, plain: Dict[str, Any]) -> 'LabelSpace':
        """Return the label space that :meth:`to_plain` has described; it is not registered.

        Raises:
            ValueError: If it is no description of a label space.
        """
        try:
            classes = [
                ClassInfo(c['name'], (c['colour'][0], c['colour'][1], c['colour'][2]), c['kind'] == 'thing', c['id'])
                for c in plain['classes']
            ]
            return cls(plain['name'], classes, plain['void'])
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f'this is no description of a label space ({error!r}); write it again') from error

    def __repr__(self) -> str:
        return f'LabelSpace({self.name!r}, {self.num_things} things + {self.num_stuff} stuff)'


LABEL_SPACES: Dict[str, LabelSpace] = {}


def register_label_space(space: LabelSpace) -> LabelSpace:
    """Make ``space`` available to configs by its name.

    Raises:
        KeyError: If another space already has the name.
    """
    if space.name in LABEL_SPACES:
        raise KeyError(f'label space {space.name!r} is already registered')
    LABEL_SPACES[space.name] = space
    return space


def get_label_space(space: Union[str, LabelSpace]) -> LabelSpace:
    """Look up a label space by name; a :class:`LabelSpace` passes through.

    Raises:
        KeyError: If no space has that name; the message lists the known ones.
    """
    if isinstance(space, LabelSpace):
        return space
    if space not in LABEL_SPACES:
        raise KeyError(
            f'unknown label space {space!r}; known: {sorted(LABEL_SPACES)}. '
            'Declare your own with knet.labels.register_label_space.'
        )
    return LABEL_SPACES[space]
