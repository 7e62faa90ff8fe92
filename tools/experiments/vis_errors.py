"""Where the average precision of instances on toy streets goes: the same tracks scored again with one error taken away.

    python tools/experiments/vis_errors.py out/toy_vis/results.json data/toy/youtube-vis/valid.json

Each row changes the detections in one way, the first ones by what a program could do at test time, the others by what
only the ground truth knows. Writes results/vis_errors_toy.csv and prints the table of docs/results.md.
"""

from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

import _study as study
import numpy as np

from knet.evaluation.vis_ap import VisAveragePrecision, track_overlaps
from knet.layouts.coco_video import Track
from knet.layouts.youtube_vis import read_ground_truth
from knet.results.track_store import Record, TrackPredictions, read_results

SCORES = ('AP', 'AP50', 'AP75', 'AP50_person', 'AP50_sedan', 'tracks')


class Group(NamedTuple):
    """The detections of one class in one video, best score first.

    Attributes:
        records: D items of ``results.json``.
        tracks: G tracks of the ground truth.
        among: (D, D) overlaps of the detections in 0..1.
        true: (D, G) overlaps of detections and tracks in 0..1.
    """

    records: List[Record]
    tracks: List[Track]
    among: np.ndarray
    true: np.ndarray

    def keep(self, rows: np.ndarray) -> List[Record]:
        """Return some of the detections, given as (D,) bool."""
        return [record for record, kept in zip(self.records, rows) if kept]


def _without_duplicates(threshold: float) -> Callable[[Group], List[Record]]:
    """Return the rule that drops a detection which overlaps a better, kept one by more than a threshold."""

    def rule(group: Group) -> List[Record]:
        kept = np.zeros(len(group.records), dtype=bool)
        for i in range(len(kept)):
            kept[i] = not (group.among[i, :i][kept[:i]] > threshold).any()
        return group.keep(kept)

    return rule


def _without_known_duplicates(group: Group) -> List[Record]:
    """Drop detections whose best track, at an overlap of 0.1 or more, is the best track of a better detection."""
    taken, kept = set(), []
    for record, row in zip(group.records, group.true):
        best = int(row.argmax()) if len(row) and row.max() >= 0.1 else None
        if best is None or best not in taken:
            kept.append(record)
        taken.add(best)
    return kept


def _without_background(group: Group) -> List[Record]:
    """Drop detections that overlap no track by 0.1 or more."""
    return group.keep(group.true.max(1, initial=0) >= 0.1)


def _with_best_scores(group: Group) -> List[Record]:
    """Give every detection its best overlap as its score, so that the best one of a track comes first."""
    return [{**record, 'score': float(row.max(initial=0))} for record, row in zip(group.records, group.true)]


def _with_true_masks(group: Group) -> List[Record]:
    """Replace the masks of a detection by those of its best track, at an overlap of 0.1 or more."""
    return [
        {**record, 'segmentations': group.tracks[int(row.argmax())]['segmentations']}
        if row.max(initial=0) >= 0.1
        else record
        for record, row in zip(group.records, group.true)
    ]


RULES: Dict[str, Callable[[Group], List[Record]]] = {
    'as predicted': lambda group: group.records,
    'test: no overlap above 0.7': _without_duplicates(0.7),
    'test: no overlap above 0.5': _without_duplicates(0.5),
    'test: no overlap above 0.3': _without_duplicates(0.3),
    'truth: no duplicates': _without_known_duplicates,
    'truth: no background': _without_background,
    'truth: best order': _with_best_scores,
    'truth: true masks': _with_true_masks,
    'truth: true masks, no duplicates': lambda group: _with_true_masks(
        group._replace(records=_without_known_duplicates(group), true=_rows_of(group))
    ),
}


def _rows_of(group: Group) -> np.ndarray:
    """Return the overlaps (D', G) of the detections that :func:`_without_known_duplicates` keeps."""
    kept = {id(record) for record in _without_known_duplicates(group)}
    return group.true[[id(record) in kept for record in group.records]]


def groups_of(records: List[Record], tracks: List[Track]) -> List[Group]:
    """Return the detections and tracks of a video by class."""
    found = []
    for category in sorted({record['category_id'] for record in records}):
        mine = sorted((r for r in records if r['category_id'] == category), key=lambda r: -r['score'])
        truth = [track for track in tracks if track['category_id'] == category]
        masks = [record['segmentations'] for record in mine]
        among, true = (track_overlaps(masks, other)[0] for other in (masks, [t['segmentations'] for t in truth]))
        found.append(Group(mine, truth, among, true))
    return found


def main() -> None:
    """Score the tracks under every rule."""
    parser = study.ToolParser(__doc__)
    parser.add_argument('results', help='results.json of the toy model')
    parser.add_argument('ground_truth', help='valid.json of the toy videos')
    parser.add_argument('--csv', type=Path, default=study.ROOT / 'results' / 'vis_errors_toy.csv', help='rows to write')
    parser.add_argument('--seed', type=int, default=0, help='of the training, for the rows (default: %(default)s)')
    study.add_debug_option(parser)
    args = parser.parse_args()
    truth = read_ground_truth(args.ground_truth)
    predictions = TrackPredictions(read_results(args.results))
    groups = {video: groups_of(predictions.of_video(video), truth.tracks[video]) for video in truth.videos}
    rows = []
    for name, rule in RULES.items():
        metric = VisAveragePrecision(truth.categories)
        kept = {video: [record for group in of_video for record in rule(group)] for video, of_video in groups.items()}
        for video, records in kept.items():
            metric.update(truth.tracks[video], records, video)
        result = metric.compute()
        scores = study.percent({score: result.headline()[score] for score in SCORES[:3]})
        of_class = {truth.categories[number]: values for number, values in result.per_class().items()}
        scores.update({f'AP50_{kind}': 100 * (of_class[kind]['AP50'] or 0) for kind in ('person', 'sedan')})
        rows.append(
            dict(rule=name, seed=args.seed, commit=study.commit(), **scores, tracks=sum(map(len, kept.values())))
        )
        study.write_csv(args.csv, ('rule', 'seed', 'commit', *SCORES), rows)
    print(study.table(rows, 'rule', SCORES))


if __name__ == '__main__':
    study.run_tool(main)
