"""Faults of the frames of a video."""

from .row import Row

ROWS = [
    Row(
        'a folder without pictures',
        lambda w: ['demo_video.py', w.tmp, w.config, w.trained, '--out', w.tmp / 'out/x.gif'],
        error='no picture|pictures',
    )
]
