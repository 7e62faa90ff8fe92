"""Predictions of videos as COCO panoptic json with PNGs, which panopticapi and most viewers read."""

from pathlib import Path
from typing import Any, Callable, Dict, List

from knet.layouts.segments import encode_segments
from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.utils.io import PathLike, write_json_atomic, write_png_atomic

STEM = 'coco_panoptic'


@register_exporter
class CocoPanopticExporter(Exporter):
    """Writes ``TARGET/coco_panoptic.json`` and the folder ``TARGET/coco_panoptic`` of its PNGs.

    Every frame is an image that also tells its video and frame. A segment keeps its id through a video.
    """

    name = 'coco-panoptic'

    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write the files of all predicted frames; the json appears last."""
        space, target = self.classes(predictions), Path(target)
        images: List[Dict[str, Any]] = []
        annotations: List[Dict[str, Any]] = []
        for video in predictions.videos():
            for frame in predictions.frames(video):
                semantic, instance = predictions.read(video, frame)
                rgb, segments = encode_segments(semantic, instance, space, crowd=False)
                for segment in segments:
                    # The boxes of COCO count pixels, those of Cityscapes-VPS steps between pixels.
                    segment['bbox'][2:] = [side + 1 for side in segment['bbox'][2:]]
                image_id, stem = len(images) + 1, f'{video:06d}_{frame:06d}'
                write_png_atomic(target / STEM / f'{stem}.png', rgb)
                height, width = rgb.shape[:2]
                images.append(
                    dict(
                        id=image_id, file_name=f'{stem}.jpg', height=height, width=width, video_id=video, frame_id=frame
                    )
                )
                annotations.append(dict(image_id=image_id, file_name=f'{stem}.png', segments_info=segments))
                tick()
        categories = [
            dict(id=c.dataset_id, name=c.name, isthing=int(c.is_thing), supercategory=c.name, color=list(c.colour))
            for c in space.classes
        ]
        path = target / f'{STEM}.json'
        write_json_atomic(path, dict(images=images, annotations=annotations, categories=categories), indent=None)
        return [path, target / STEM]
