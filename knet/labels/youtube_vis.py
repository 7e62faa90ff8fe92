"""YouTube-VIS: 40 things. Dataset ids are the category ids of the official files, 1..40."""

from typing import Sequence

from .colours import distinct_colour
from .registry import register_label_space
from .space import ClassInfo, LabelSpace

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


def _space(name: str, names: Sequence[str]) -> LabelSpace:
    classes = [ClassInfo(label, distinct_colour(number), True, number) for number, label in enumerate(names, 1)]
    return register_label_space(LabelSpace(name, classes))


#: YouTube-VIS 2019.
YOUTUBE_VIS_2019 = _space('youtube_vis_2019', _NAMES_2019)
#: YouTube-VIS 2021 and 2022.
YOUTUBE_VIS_2021 = _space('youtube_vis_2021', _NAMES_2021)
