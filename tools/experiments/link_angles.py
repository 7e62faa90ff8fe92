"""Angles between the embeddings that training compares, and the losses on the way: hypothesis (f) of docs/linking.md.

    python tools/experiments/link_angles.py --arms unlinked linked self_link --seeds 0

For checkpoints of tools/experiments/linking.py and for the random start: mean cosines over 24 training pairs. Writes
results/linking_angles_toy.csv, results/curves/linking_toy.csv (the logged losses of all runs) and figs/linking.png.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Sequence

import _study as study
import linking
import numpy as np

from knet.utils.options import read_options

if TYPE_CHECKING:
    from torch import Tensor

PAIRS = 24
SHOWN = ('unlinked', 'linked', 'unlinked_loss', 'self_link')
COSINES = ('same', 'different', 'keys', 'references')


def config_of(run: linking.Run) -> Any:
    """Return the config of a run with its overrides."""
    from knet.apis.config import load_config

    return load_config(linking.ARMS[run[1]].config, read_options(linking.options_of(run)))


class Angles:
    """A loss that only collects cosines.

    Attributes:
        found: Name of the kind of pair -> tensors of cosines.
    """

    def __init__(self) -> None:
        self.found: Dict[str, List[Tensor]] = {name: [] for name in COSINES}

    def __call__(
        self,
        keys: Sequence['Tensor'],
        refs: Sequence['Tensor'],
        key_ids: Sequence['Tensor'],
        ref_ids: Sequence['Tensor'],
    ) -> Dict[str, 'Tensor']:
        """Collect the cosines of one batch; see :meth:`knet.video.track_heads.KernelTrackHead.loss`."""
        import torch
        from torch.nn.functional import normalize

        for key, ref, key_id, ref_id in zip(keys, refs, key_ids, ref_ids):
            key, ref = normalize(key, dim=1), normalize(ref, dim=1)
            same = key_id[:, None] == ref_id[None]
            cosines = key @ ref.t()
            self.found['same'].append(cosines[same])
            self.found['different'].append(cosines[~same])
            for name, rows in (('keys', key), ('references', ref)):
                self.found[name].append((rows @ rows.t())[~torch.eye(len(rows), dtype=torch.bool)])
        return {}


def angles(run: linking.Run, checkpoint: Optional[Path]) -> Dict[str, float]:
    """Return the mean cosines over some training pairs with the weights of a checkpoint, or random ones."""
    import torch

    from knet.apis.checkpoint import load_checkpoint
    from knet.apis.config import build_data, build_model

    config = config_of(run)
    torch.manual_seed(run[2])
    model = build_model(config).train()
    if checkpoint is not None:
        load_checkpoint(model, checkpoint)
    collect = Angles()
    model.track_head.loss = collect  # type: ignore[union-attr]
    data = build_data(config, 'train')
    np.random.seed(0)
    for index in np.random.choice(len(data), PAIRS, replace=False):
        sample = data[int(index)]
        with torch.no_grad():
            model(return_loss=True, **{k: v.data[None] if v.stack else [v.data] for k, v in sample.items()})
    return {name: float(torch.cat(values).mean()) for name, values in collect.found.items()}


def angle_rows(run: linking.Run, work_dir: Path) -> Iterator[study.Row]:
    """Yield a row per kept checkpoint of a run, the random start first."""
    run_dir = linking.run_dir_of(run, work_dir)
    found = sorted(run_dir.glob('iter_*.pth'), key=lambda path: int(path.stem[5:]))
    for iteration, path in [(0, None), *((int(path.stem[5:]), path) for path in found)]:
        name = f'{run[1]}, {iteration}'
        yield dict(network=name, world=run[0], arm=run[1], seed=run[2], iteration=iteration, **angles(run, path))


def curve_rows(work_dir: Path) -> Iterator[study.Row]:
    """Yield the association losses of every logged interval of all finished runs."""
    for row in linking.finished(work_dir):
        run = row['world'], row['arm'], row['seed']
        for log in sorted(linking.run_dir_of(run, work_dir).glob('*.log.json')):
            for line in map(json.loads, log.read_text().splitlines()):
                if line.get('mode') == 'train':
                    losses = {name: line[name] for name in ('loss_track', 'loss_track_aux')}
                    yield dict(world=run[0], arm=run[1], seed=run[2], iteration=line['iter'], **losses)


def plot(curves: List[study.Row], rows: List[study.Row], path: Path) -> None:
    """Draw the losses of seed 0 from scratch, and the STQ of every run, on look-alikes."""
    import matplotlib

    matplotlib.use('Agg')
    import matplotlib.pyplot as plt

    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.2), gridspec_kw=dict(width_ratios=(1, 1, 1.3)))
    for axes, loss in ((left, 'loss_track'), (middle, 'loss_track_aux')):
        for arm in SHOWN:
            line = [c for c in curves if (c['world'], c['arm'], c['seed']) == ('look-alikes', arm, 0)]
            if line:
                axes.plot([c['iteration'] for c in line], [c[loss] for c in line], label=arm)
        axes.set_xlabel('iteration')
        axes.set_title(loss)
    middle.axhline(0.152, color='grey', linestyle=':')
    left.legend()
    here = [row for row in rows if row['world'] == 'look-alikes']
    arms = list(dict.fromkeys(row['arm'] for row in here))[::-1]
    right.scatter([row['STQ'] for row in here], [arms.index(row['arm']) for row in here], alpha=0.6)
    right.set_yticks(range(len(arms)), arms)
    right.set_title('STQ of every run, look-alikes')
    right.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def main() -> None:
    """Measure, write, draw."""
    parser = study.parser(__doc__, 'linking_angles_toy')
    parser.set_defaults(work_dir=study.ROOT / 'work_dirs' / linking.NAME, seeds=[0])
    parser.add_argument('--arms', nargs='*', choices=[*linking.ARMS], default=SHOWN, help='default: %(default)s')
    args = parser.parse_args()
    rows: List[study.Row] = []
    for seed in args.seeds:
        for arm in args.arms:
            rows += angle_rows(('look-alikes', arm, seed), args.work_dir)
            study.write_csv(args.csv, ('network', 'world', 'arm', 'seed', 'iteration', *COSINES), rows)
    curves = list(curve_rows(args.work_dir))
    columns = ('world', 'arm', 'seed', 'iteration', 'loss_track', 'loss_track_aux')
    file = args.csv.parent / 'curves' / f'{linking.NAME}.csv'
    file.parent.mkdir(parents=True, exist_ok=True)
    study.write_csv(file, columns, curves)
    plot(curves, linking.finished(args.work_dir), study.ROOT / 'figs' / 'linking.png')
    print(study.table(rows, 'network', COSINES, digits=3))


if __name__ == '__main__':
    study.run_tool(main)
