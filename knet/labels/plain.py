"""Label spaces from plain data: what a config or a JSON file says.

Three forms are understood::

    {"name": "harbour", "classes": [{"id": 3, "name": "water", "kind": "stuff", "colour": [40, 90, 160]}, ...]}
    {"base": "vipseg", "keep": ["person", "car", "road"]}
    {"categories": [{"id": 1, "name": "boat", "isthing": 1, "color": [220, 60, 40]}, ...]}

The first is what :meth:`.space.LabelSpace.to_plain` gives and the manifests of prediction folders hold; ``void`` (255),
``left_out`` (a list like ``classes``) and colours may be absent. The second leaves out all other classes of a space.
The third is a json file in COCO's form, whose categories become classes; without ``isthing`` they are things.
"""

import json
from pathlib import Path
from typing import Any, Callable, List, Mapping, Optional, Tuple, Union

from .colours import Colour, distinct_colour
from .space import ClassInfo, LabelSpace

_FORMS = (
    'it needs "classes" with id, name and kind ("thing" or "stuff"), "base" with "keep", or "categories" as in COCO; '
    'DATASET.md shows one'
)
_KEYS = {'classes': {'name', 'classes', 'void', 'left_out'}, 'base': {'name', 'base', 'keep'}}


def read_plain(path: Path) -> Mapping[str, Any]:
    """Read the JSON file of a label space.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no JSON object.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file of a label space; check the path')
    try:
        plain = json.loads(path.read_text(encoding='utf-8-sig'))
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: this is no JSON ({error}); write the label space again') from error
    if not isinstance(plain, dict):
        raise ValueError(f'{path}: this is no description of a label space; {_FORMS}')
    # The manifest of a result folder names its classes, too.
    return plain['label_space'] if isinstance(plain.get('label_space'), dict) else plain


def space_from_plain(
    plain: Mapping[str, Any], name: str = 'own_classes', find: Optional[Callable[[Any], LabelSpace]] = None
) -> LabelSpace:
    """Make a label space of plain data.

    Args:
        plain: One of the forms above.
        name: Name of the space where the data has none.
        find: Function that returns the space of a ``base``; None understands no base.

    Raises:
        ValueError: If it is no description of a label space.
    """
    form = next((key for key in ('base', 'classes', 'categories') if key in plain), None)
    unexpected = sorted(set(plain) - _KEYS[form]) if form in _KEYS else []
    if form is None or unexpected or (form == 'base' and find is None):
        detail = f'unknown key {unexpected[0]!r}; ' if unexpected else ''
        raise ValueError(f'this is no description of a label space: {detail}{_FORMS}')
    name = _text(plain.get('name', name), 'name') if form != 'categories' else name
    if form == 'base' and find is not None:
        return find(plain['base']).keep(_names(plain.get('keep')), plain.get('name'))
    if form == 'categories':
        return LabelSpace(name, [_category(entry) for entry in _entries(plain, form)])
    void = _whole(plain.get('void', 255), 'void', 255)
    left_out = [_class(entry) for entry in _entries(plain, 'left_out')] if plain.get('left_out') else []
    return LabelSpace(name, [_class(entry) for entry in _entries(plain, form)], void, left_out)


def _entries(plain: Mapping[str, Any], key: str) -> List[Mapping[str, Any]]:
    entries = plain[key]
    if not isinstance(entries, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in entries):
        raise ValueError(f'this is no description of a label space: {key!r} is no list of classes; {_FORMS}')
    return list(entries)


def _class(entry: Mapping[str, Any]) -> ClassInfo:
    if 'id' not in entry:
        raise ValueError(f'this is no description of a label space: class {dict(entry)} has no id; {_FORMS}')
    if entry.get('kind') not in ('thing', 'stuff'):
        raise ValueError(
            f'this is no description of a label space: class {entry.get("name")!r} has kind {entry.get("kind")!r}; '
            'write "thing" or "stuff"'
        )
    return _info(entry, entry['kind'] == 'thing', entry.get('colour'))


def _category(entry: Mapping[str, Any]) -> ClassInfo:
    if 'id' not in entry or entry.get('isthing', 1) not in (0, 1):
        raise ValueError(f'category {dict(entry)} is no class: it needs id, name, and isthing 0 or 1 if it has one')
    return _info(entry, bool(entry.get('isthing', 1)), entry.get('color'))


def _info(entry: Mapping[str, Any], is_thing: bool, colour: Any) -> ClassInfo:
    name = _text(entry.get('name'), 'name of a class')
    number = _whole(entry['id'], f'id of class {name!r}', 254)
    return ClassInfo(name, distinct_colour(number) if colour is None else _colour(colour, name), is_thing, number)


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f'label space: the {what} must be a text, not {value!r}')
    return value


def _names(value: Any) -> List[str]:
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(f'label space: "keep" must be a list of names of classes, not {value!r}')
    return [_text(name, 'name of a class to keep') for name in value]


def _whole(value: Any, what: str, highest: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise ValueError(
            f'label space: the {what} must be a whole number 0..{highest}, which label maps can hold, not {value!r}; '
            'number the classes anew'
        )
    return value


def _colour(value: Any, name: str) -> Colour:
    parts: Union[Tuple[Any, ...], List[Any]] = value if isinstance(value, (list, tuple)) else ()
    if len(parts) != 3 or not all(type(part) is int and 0 <= part <= 255 for part in parts):
        raise ValueError(f'label space: the colour of class {name!r} must be three numbers 0..255, not {value!r}')
    return parts[0], parts[1], parts[2]
