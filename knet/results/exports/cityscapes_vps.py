"""Predictions as the evaluator of Cityscapes-VPS reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, List

from knet.labels import CITYSCAPES_PANOPTIC
from knet.layouts.cityscapes_vps import CityscapesVPSGroundTruth
from knet.layouts.segments import encode_segments
from knet.results.exports.base import Exporter, Tick, no_tick, register_exporter
from knet.utils.io import PathLike, write_json_atomic, write_png_atomic
from knet.utils.paths import below

if TYPE_CHECKING:
    from knet.results.panoptic_store import PredictionReader


def write_cityscapes_vps(
    predictions: 'PredictionReader',
    ground_truth: CityscapesVPSGroundTruth,
    out_dir: PathLike,
    tick: Callable[[], object] = no_tick,
) -> int:
    """Write predictions as the Cityscapes-VPS evaluator reads them.

    ``OUT/pan_pred/<image id>.png`` holds the segment ids of each labelled frame, for example
    ``0005_0025_frankfurt_000000_001736.png``; ``OUT/pred.json`` lists their segments. The JSON file appears last and
    marks the folder as complete.

    Args:
        predictions: Stored predictions; further frames are left out.
        ground_truth: Ground truth that lists the frames to export and the category ids.
        out_dir: Folder to fill.
        tick: Function that is called after every frame, for a progress bar.

    Returns:
        Number of frames.

    Raises:
        ValueError: If a frame isn't predicted, or its image id is no name of a file.
    """
    wanted = [(video, frame) for video in ground_truth.videos() for frame in ground_truth.frames(video)]
    missing = [pair for pair in wanted if pair[1] not in predictions.frames(pair[0])]
    if missing:
        names = ', '.join(f'{video:06d}_{frame:06d}' for video, frame in missing[:5])
        raise ValueError(
            f'{predictions.root}: {len(missing)} labelled frames are not predicted: {names}'
            f'{", ..." if len(missing) > 5 else ""}. Finish the prediction run first.'
        )
    out_dir = Path(out_dir)
    annotations: List[Any] = []
    for video, frame in wanted:
        entry = ground_truth.annotations[video][frame]
        rgb, segments = encode_segments(*predictions.read(video, frame), CITYSCAPES_PANOPTIC, crowd=False)
        for segment in segments:
            if segment['category_id'] not in ground_truth.categories:
                raise ValueError(
                    f'{predictions.path(video, frame)}: class {segment["category_id"]} is none of '
                    'Cityscapes; these predictions belong to another data set'
                )
            segment['category_id'] = ground_truth.categories[segment['category_id']]
        # The evaluator opens the id of the image; it does not read the file_name of a prediction.
        write_png_atomic(below(out_dir / 'pan_pred', f'{entry["image_id"]}.png', ground_truth.root), rgb)
        annotations.append(dict(image_id=entry['image_id'], file_name=entry['file_name'], segments_info=segments))
        tick()
    write_json_atomic(out_dir / 'pred.json', dict(annotations=annotations))
    return len(wanted)


@register_exporter
class CityscapesVPSExporter(Exporter):
    """Writes ``TARGET/pan_pred`` and ``TARGET/pred.json``."""

    name = 'cityscapes-vps'
    needs_truth = True

    def export(self, predictions: Any, truth: Any, target: PathLike, tick: Tick = no_tick) -> List[Path]:
        """Write the labelled frames, see :func:`write_cityscapes_vps`."""
        write_cityscapes_vps(predictions, truth, target, tick)
        return [Path(target) / 'pan_pred', Path(target) / 'pred.json']
