"""Harbour videos: a data set outside of the package, with three classes of its own and its own file names."""

from pathlib import Path

import cv2

from knet.labels import ClassInfo, LabelSpace, register_label_space
from knet.layouts.base import VideoGroundTruth, order_frames
from knet.layouts.id_maps import join_id_map
from knet.layouts.registry import register_layout

HARBOUR = LabelSpace(
    'harbour',
    [
        ClassInfo('water', (40, 90, 160), is_thing=False, dataset_id=3),
        ClassInfo('quay', (120, 110, 100), is_thing=False, dataset_id=7),
        ClassInfo('boat', (220, 60, 40), is_thing=True, dataset_id=12),
    ],
)


class HarbourLayout(VideoGroundTruth):
    """``ROOT/SPLIT/VIDEO-FRAME.jpg`` and ``.png``; the PNG holds 1000 * class + instance in 16 bits."""

    label_space = 'harbour'
    default_root = 'data/harbour'

    @classmethod
    def list_frames(cls, root, split, labelled=True, every_frame=False):
        """List the frames of a split."""
        frames = {}
        for image in (Path(root) / split).glob('*.jpg'):
            video, frame = map(int, image.stem.split('-'))
            frames[video, frame] = (str(image), (str(image.with_suffix('.png')),) if labelled else ())
        return order_frames(frames)

    @staticmethod
    def decode(path):
        """Read a label file as an id map, (H, W) int32."""
        code = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        return join_id_map(code // 1000, code % 1000)


register_label_space(HARBOUR)
register_layout('harbour', HarbourLayout)
