"""What every layout writes."""
from typing import Iterable, Tuple

from knet.datasets.toy.street import ToyFrame

#: (video id, its frames)
Video = Tuple[int, Iterable[ToyFrame]]
