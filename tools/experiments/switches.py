"""What the switches of docs/faithfulness.md are worth: the same networks tested with each of them turned.

    python tools/experiments/switches.py [--clip-run work_dirs/real_clip]

The networks are those of ladder.py's last rung (trained if they are missing) and, with --clip-run, the one that
real_clip.py trained from random weights. Writes results/switches_toy.csv, with the scores and their difference from the
defaults of the toy configs, and prints the table of docs/results.md.
"""

from pathlib import Path
from typing import Dict, List, NamedTuple

import _study as study
import ladder
import real_clip

NAME = 'switches_toy'
#: Overrides of the model per switch; the first is how toy configs test.
SWITCHES: Dict[str, List[str]] = {
    'default': [],
    'paper_id_order=True': ['model.test_cfg.rcnn.paper_id_order=True'],
    'unassigned=void': ['model.test_cfg.rcnn.unassigned=void'],
    'unassigned=class0': ['model.test_cfg.rcnn.unassigned=class0'],
    'semantic_filter=False': ['model.semantic_filter=False'],
}
PROTOCOL = 'protocol paper-repo'
#: Scores whose difference from the default is shown.
SHOWN = ('STQ', 'AQ', 'SQ', 'VPQ1', 'VPQ4')


class Network(NamedTuple):
    """A trained network and what it is tested on.

    Attributes:
        data: Name in the table.
        seed: Of its training.
        config: Config file.
        run_dir: Folder with ``latest.pth``.
        options: Overrides that point to the data.
        root: Data set folder.
    """

    data: str
    seed: int
    config: str
    run_dir: Path
    options: List[str]
    root: Path


def out_of(network: Network, switch: str, work_dir: Path) -> Path:
    """Folder of the predictions or scores with a switch turned."""
    return work_dir / f'{network.run_dir.name}_{switch.replace(" ", "_")}'


def scores(network: Network, switch: str, work_dir: Path) -> study.Row:
    """Predict with a switch turned, if that was not done yet; the scores in percent."""
    return study.predict(
        network.config,
        network.run_dir / 'latest.pth',
        out_of(network, switch, work_dir),
        SWITCHES[switch] + network.options,
    )


def other_protocol(network: Network, work_dir: Path) -> study.Row:
    """Score the default predictions by the arithmetic of the original scripts."""
    out = out_of(network, PROTOCOL, work_dir)
    out.mkdir(parents=True, exist_ok=True)
    for metric, program in (('stq', 'eval_dstq_step.py'), ('vpq', 'eval_dvpq_step.py')):
        study.tool(
            f'tools/{program}',
            out_of(network, 'default', work_dir),
            network.root,
            '--protocol',
            'paper-repo',
            '--json',
            out / f'{metric}.json',
        )
    return study.vps_scores(out)


def rows_of(network: Network, work_dir: Path) -> List[study.Row]:
    """One row per switch, with differences from the default."""
    found = {switch: scores(network, switch, work_dir) for switch in SWITCHES}
    found[PROTOCOL] = other_protocol(network, work_dir)
    return [
        dict(
            data=network.data,
            switch=switch,
            seed=network.seed,
            **row,
            **{f'd{name}': row[name] - found['default'][name] for name in SHOWN},
        )
        for switch, row in found.items()
    ]


def main() -> None:
    """Run what is missing, then tell."""
    parser = study.parser(__doc__, NAME)
    parser.add_argument('--clip-run', type=study.absolute, help='work directory of real_clip.py')
    args, rows = parser.parse_args(), []
    ladder.make_data()
    rung, ladder_dir = ladder.RUNGS[-1], args.work_dir.parent / ladder.NAME
    networks = []
    for seed in args.seeds:
        ladder.one_run(rung, seed, ladder_dir)
        networks.append(
            Network(
                'toy streets',
                seed,
                ladder.config_of(rung),
                ladder.run_dir_of(rung, seed, ladder_dir),
                [],
                study.data_of('ladder', 'toy'),
            )
        )
    if args.clip_run:
        data = args.clip_run / 'data'
        networks.append(
            Network(
                'real clip',
                0,
                real_clip.CONFIG,
                real_clip.run_dir_of('random', 0, args.clip_run),
                study.data_roots(data),
                data,
            )
        )
    for network in networks:
        rows += rows_of(network, args.work_dir)
        study.write_csv(args.csv, ('data', 'switch', 'seed', *study.VPS_SCORES, *(f'd{name}' for name in SHOWN)), rows)
    for data in dict.fromkeys(row['data'] for row in rows):
        of_data = [row for row in rows if row['data'] == data]
        print(f'\n{data}\n\n{study.table(of_data, "switch", [f"d{name}" for name in SHOWN], digits=2)}')


if __name__ == '__main__':
    study.run_tool(main)
