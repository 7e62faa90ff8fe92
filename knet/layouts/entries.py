"""Checks of the entries of annotation files in COCO's form, before anything is done with them."""

import math
from collections import Counter
from typing import Any, Callable, Container, Dict, Iterable, List, Optional, Sequence, Tuple, Type

from knet.utils.io import PathLike

Entry = Dict[str, Any]
_MAX_SIDE = 65535


def is_id(value: Any) -> bool:
    """Return whether a value may identify something: an integer or a text."""
    return type(value) in (int, str)


def _is_integer(value: Any) -> bool:
    return type(value) is int


def _is_number(value: Any) -> bool:
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


def _is_side(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= _MAX_SIDE and value == int(value)


def _is_box(value: Any) -> bool:
    return value is None or (isinstance(value, list) and len(value) in (0, 4) and all(map(_is_number, value)))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_flag(value: Any) -> bool:
    return type(value) in (int, bool) and value in (0, 1)


#: What a value must be and its name in messages, by key, or by list and key where a list is stricter than others.
_RULES: Dict[str, Tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(('id', 'image_id'), (is_id, 'an integer or a text')),
    **dict.fromkeys(
        ('category_id', 'instance_id', 'video_id', 'frame_id', 'categories.id', 'videos.id'),
        (_is_integer, 'an integer'),
    ),
    'name': (_is_text, 'a text'),
    'file_name': (_is_text, 'a text'),
    'file_names': (lambda value: isinstance(value, list) and all(map(_is_text, value)), 'a list of texts'),
    'length': (lambda value: _is_integer(value) and value > 0, 'a number of frames'),
    **dict.fromkeys(('height', 'width'), (_is_side, f'a side of 1..{_MAX_SIDE} pixels')),
    'iscrowd': (_is_flag, '0 or 1'),
    'isthing': (_is_flag, '0 or 1'),
    'area': (lambda value: value is None or (_is_number(value) and value >= 0), 'a number >= 0'),
    'bbox': (_is_box, 'four numbers [x, y, width, height]'),
    'segments_info': (lambda value: isinstance(value, list), 'a list'),
}
_SIDES = ('height', 'width')


def check_entries(
    data: Dict[str, Any],
    section: str,
    path: PathLike,
    required: Sequence[str],
    optional: Sequence[str] = (),
    what: str = 'instance annotation file',
) -> None:
    """Raise an error for entries that are incomplete or have values of the wrong kind.

    Args:
        data: Content of the file.
        section: Key of the list of entries.
        path: The file, for messages.
        required: Keys that every entry must have.
        optional: Keys whose values are checked where an entry has them.
        what: What the file should be, for messages.

    Raises:
        ValueError: Naming the first such entry.
    """
    entries, one = data[section], singular(section)
    wrong = [number for number, entry in enumerate(entries) if not isinstance(entry, dict)]
    if wrong:
        raise ValueError(f'{path}: {one} number {wrong[0]} is no JSON object. This is no {what}.')
    incomplete = [number for number, entry in enumerate(entries) if any(key not in entry for key in required)]
    if incomplete:
        raise ValueError(
            f'{path}: {one} number {incomplete[0]} lacks one of {", ".join(required)} ({len(incomplete)} such). This '
            f'is no {what}.'
        )
    for key in (*required, *optional):
        rule = _RULES.get(f'{section}.{key}') or _RULES.get(key)
        if rule is None:
            continue
        is_valid, meaning = rule
        for number, entry in enumerate(entries):
            if key in entry and not is_valid(entry[key]):
                raise ValueError(
                    f'{path}: {one} {_name(entry, number)} has {key} {_short(entry[key])}, which is not {meaning}. '
                    'Correct the file, or write it again.'
                )
        if key in _SIDES:
            for entry in entries:
                entry[key] = int(entry[key])


def singular(section: str) -> str:
    """Return what one entry of a list is called.

    >>> singular('categories'), singular('images')
    ('category', 'image')
    """
    return section[:-3] + 'y' if section.endswith('ies') else section[:-1]


def _name(entry: Entry, number: int) -> str:
    return str(entry['id']) if is_id(entry.get('id')) else f'number {number}'


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python prints no integers of more than 4300 digits.
        text = 'with too many digits'
    return text if len(text) <= 60 else f'{text[:57]}...'


def first_duplicate(entries: Iterable[Entry], key: str = 'id') -> Optional[Any]:
    """Return a value of ``key`` that several entries have, None if there is none."""
    return next((value for value, count in Counter(entry[key] for entry in entries).items() if count > 1), None)


def check_ids(data: Dict[str, Any], section: str, path: PathLike, key: str = 'id') -> None:
    """Raise an error if the ids of a list repeat, or are partly numbers and partly texts.

    Raises:
        ValueError: Naming an id.
    """
    entries = data[section]
    duplicate = first_duplicate(entries, key)
    if duplicate is not None:
        raise ValueError(f'{path}: {key} {duplicate} is given to two {section}; ids must be unique. Number them anew.')
    kinds: List[Type] = sorted({type(entry[key]) for entry in entries}, key=str)
    if len(kinds) > 1:
        raise ValueError(f'{path}: some ids of {section} are numbers, some are texts. Number them anew.')


def check_references(
    annotations: Iterable[Entry], key: str, owners: Container[Any], categories: Container[Any], path: PathLike
) -> None:
    """Raise an error for annotations that belong to nothing or to no category.

    Args:
        annotations: Entries with ``id``, ``category_id`` and ``key``.
        key: ``'image_id'`` or ``'video_id'``.
        owners: Ids that ``key`` may have.
        categories: Ids that ``category_id`` may have.
        path: The file, for messages.

    Raises:
        ValueError: Naming the first such annotation.
    """
    for ann in annotations:
        if ann[key] not in owners:
            raise ValueError(f'{path}: annotation {ann["id"]} belongs to {key[:-3]} {ann[key]}, which is not listed.')
        if ann['category_id'] not in categories:
            raise ValueError(
                f'{path}: annotation {ann["id"]} has category {ann["category_id"]}, which is not among '
                'the categories of the file.'
            )
