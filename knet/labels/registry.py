"""Label spaces by name, and the one function that resolves whatever names or describes a label space."""

import difflib
from pathlib import Path
from typing import Any, Dict, Mapping, Union

from .plain import read_plain, space_from_plain
from .space import LabelSpace

#: What names or describes a label space: itself, the name of a registered one, a JSON file, or its plain data.
AnyLabelSpace = Union[str, Path, LabelSpace, Mapping[str, Any]]

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


def get_label_space(space: AnyLabelSpace) -> LabelSpace:
    """Return the label space that something names or describes.

    Args:
        space: A label space, which passes through; the name of a registered one; the path of a JSON file, which ends in
            ``.json``; or plain data. :mod:`.plain` shows what files and plain data hold. A file without a name of its
            own gives its stem to the space.

    Raises:
        KeyError: If no space has that name; the message lists the known ones.
        FileNotFoundError: If there is no such file.
        ValueError: If a file or plain data is no description of a label space, or has the name of a registered space
            but other classes.
    """
    if isinstance(space, LabelSpace):
        return space
    if isinstance(space, Mapping):
        return _described(space, 'own_classes')
    if not isinstance(space, (str, Path)):
        raise ValueError(f'{space!r} is no label space; give a name, a FILE.json, or a dict that describes one')
    space = str(space)
    if space.endswith('.json'):
        path = Path(space).expanduser()
        plain = read_plain(path)
        try:
            return _described(plain, path.stem)
        except (KeyError, ValueError) as error:
            raise ValueError(f'{path}: {error.args[0]}') from error
    if space not in LABEL_SPACES:
        near = difflib.get_close_matches(space, LABEL_SPACES, n=1)
        raise KeyError(
            f'unknown label space {space!r}{f"; did you mean {near[0]}?" if near else ""}; known: '
            f'{sorted(LABEL_SPACES)}. Give a FILE.json that describes yours, or declare it with '
            'knet.labels.register_label_space.'
        )
    return LABEL_SPACES[space]


def _described(plain: Mapping[str, Any], name: str) -> LabelSpace:
    space = space_from_plain(plain, name, get_label_space)
    known = LABEL_SPACES.get(space.name)
    # Benchmarks have rules of their own, which evaluators find by the name.
    if known is not None and not space.numbers_like(known):
        raise ValueError(f'label space {space.name!r} has other classes than the one of that name; rename it')
    return space
