"""An exporter outside of the package."""

from pathlib import Path

from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.utils.io import write_png_atomic


@register_exporter
class ClassMaps(Exporter):
    """Write the class map of every frame as ``TARGET/VIDEO_FRAME.png``."""

    name = 'class-maps'

    def export(self, predictions, truth, target, tick=no_tick):
        """Write the files of all predicted frames."""
        for video in predictions.videos():
            for frame in predictions.frames(video):
                semantic, _ = predictions.read(video, frame)
                write_png_atomic(Path(target) / f'{video}_{frame}.png', semantic)
                tick()
        return [Path(target)]
