"""Tracks as the server of YouTube-VIS takes them: ``results.json``, and ``submission_file.zip`` that holds it."""

import shutil
import zipfile
from pathlib import Path
from typing import Any, Callable, List, Sequence, Tuple

from knet.layouts.youtube_vis import VisGroundTruth
from knet.results.exports.base import Exporter, no_tick, register_exporter
from knet.results.track_store import KEYS, Record, check_results
from knet.utils.io import PathLike, atomic_path, write_json_atomic


def write_submission(records: Sequence[Record], truth: VisGroundTruth, folder: PathLike) -> Tuple[str, str]:
    """Check results and write ``results.json`` and ``submission_file.zip``; the same records give the same bytes.

    Args:
        records: All tracks.
        truth: Videos and categories of the split.
        folder: Folder of the files to write.

    Returns:
        Both paths.

    Raises:
        ValueError: See :func:`check_results`; nothing is written then.
    """
    check_results(records, truth)
    path, archive = Path(folder) / 'results.json', Path(folder) / 'submission_file.zip'
    write_json_atomic(path, [{key: record[key] for key in KEYS} for record in records], indent=None)
    with atomic_path(archive) as partial, zipfile.ZipFile(partial, 'w', zipfile.ZIP_DEFLATED) as file:
        # A fixed date, so that equal results are equal files.
        entry = zipfile.ZipInfo('results.json', date_time=(1980, 1, 1, 0, 0, 0))
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        with path.open('rb') as source, file.open(entry, 'w') as target:
            shutil.copyfileobj(source, target)
    return str(path), str(archive)


@register_exporter
class YouTubeVisExporter(Exporter):
    """Writes ``TARGET/results.json`` and ``TARGET/submission_file.zip``."""

    name = 'youtube-vis'
    needs_truth = True

    def export(
        self, predictions: Any, truth: Any, target: PathLike, tick: Callable[[], object] = no_tick
    ) -> List[Path]:
        """Write the tracks, :class:`~knet.results.track_store.TrackPredictions`, of all videos."""
        return [Path(path) for path in write_submission(predictions.records, truth, target)]
