"""YouTube-VIS: 40 things. Dataset ids are the category ids of the official files, 1..40."""

import colorsys
from typing import Sequence

from .space import ClassInfo, Colour, LabelSpace, register_label_space

_NAMES_2019 = (
    'person',
    'giant_panda',
    'lizard',
    'parrot',
    'skateboard',
    'sedan',
    'ape',
    'dog',
    'snake',
    'monkey',
    'hand',
    'rabbit',
    'duck',
    'cat',
    'cow',
    'fish',
    'train',
    'horse',
    'turtle',
    'bear',
    'motorbike',
    'giraffe',
    'leopard',
    'fox',
    'deer',
    'owl',
    'surfboard',
    'airplane',
    'truck',
    'zebra',
    'tiger',
    'elephant',
    'snowboard',
    'boat',
    'shark',
    'mouse',
    'frog',
    'eagle',
    'earless_seal',
    'tennis_racket',
)
_NAMES_2021 = (
    'airplane',
    'bear',
    'bird',
    'boat',
    'car',
    'cat',
    'cow',
    'deer',
    'dog',
    'duck',
    'earless_seal',
    'elephant',
    'fish',
    'flying_disc',
    'fox',
    'frog',
    'giant_panda',
    'giraffe',
    'horse',
    'leopard',
    'lizard',
    'monkey',
    'motorbike',
    'mouse',
    'parrot',
    'person',
    'rabbit',
    'shark',
    'skateboard',
    'snake',
    'snowboard',
    'squirrel',
    'surfboard',
    'tennis_racket',
    'tiger',
    'train',
    'truck',
    'turtle',
    'whale',
    'zebra',
)


def _colour(number: int) -> Colour:
    """Return colours whose hues are a golden angle apart, in three shades in turn."""
    shade = ((0.85, 0.95), (0.6, 0.75), (0.95, 0.6))[number % 3]
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number * 0.618034 % 1.0, *shade))
    return red, green, blue


def _space(name: str, names: Sequence[str]) -> LabelSpace:
    return register_label_space(
        LabelSpace(name, [ClassInfo(label, _colour(number), True, number) for number, label in enumerate(names, 1)])
    )


#: YouTube-VIS 2019.
YOUTUBE_VIS_2019 = _space('youtube_vis_2019', _NAMES_2019)
#: YouTube-VIS 2021 and 2022.
YOUTUBE_VIS_2021 = _space('youtube_vis_2021', _NAMES_2021)
