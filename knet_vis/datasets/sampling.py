"""Selection of the frames of a training clip."""

import random
from typing import List, Sequence, Union

import numpy as np


class ClipSampler:
    """Draw the frames of a clip around a key frame.

    Candidates are the frames of a window around the key. At the beginning and the end of a video, the window is moved
    inwards, so that every key trains. In a video that is shorter than the clip, frames are repeated. Draws use the
    random generator of Python.

    Args:
        num_ref_imgs: F, number of frames per clip.
        frame_range: Window ``[first, last]`` around the key in frames, first <= 0 <= last; r means [-r, r].
        filter_key_img: Whether the key itself is left out.

    Raises:
        ValueError: If a number is out of range.
    """

    def __init__(self, num_ref_imgs: int, frame_range: Union[int, Sequence[int]], filter_key_img: bool = True) -> None:
        first, last = (-frame_range, frame_range) if isinstance(frame_range, int) else frame_range
        if num_ref_imgs < 1 or not first <= 0 <= last:
            raise ValueError(
                f'ref_img_sampler: num_ref_imgs must be >= 1 and frame_range [first <= 0, last >= 0], got '
                f'{num_ref_imgs} and {frame_range}'
            )
        self.num_ref_imgs = num_ref_imgs
        self.window = first, last
        self.filter_key_img = filter_key_img

    def draw(self, key: int, length: int) -> List[int]:
        """Choose the frames of a clip.

        Args:
            key: Position of the key frame, 0..length-1.
            length: Number of frames of the video.

        Returns:
            F positions in ascending order.
        """
        first, last = self.window
        span = min(last - first + 1, length)
        start = min(max(key + first, 0), length - span)
        candidates = [i for i in range(start, start + span) if not (self.filter_key_img and i == key)] or [key]
        if len(candidates) >= self.num_ref_imgs:
            return sorted(random.sample(candidates, self.num_ref_imgs))
        spread = np.linspace(0, len(candidates) - 1, self.num_ref_imgs)
        return [candidates[i] for i in np.rint(spread).astype(int)]
