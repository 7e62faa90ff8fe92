"""What the link brings on toy streets: K-Net with and without it, from scratch, by seed.

    python tools/experiments/vss_toy.py [--seeds 0 1 2] [--work-dir work_dirs/vss_toy]

Both models see the same pairs of frames in the same order for the same number of iterations. One run after another;
what a stopped experiment has finished is kept. Writes results/vss_toy.csv and prints the table of docs/vss.md.
"""
import json
from pathlib import Path

import _study as study

NAME = 'vss_toy'
CONFIGS = {'off': 'knet_toy_vspw', 'on': 'video_knet_toy_vspw'}
SCORES = ('mIoU', 'wIoU', 'VC8', 'VC16', 'VC8_paper', 'VC16_paper')
DATA = study.ROOT / 'data' / 'toy' / 'vspw'


def one_run(link: str, seed: int, work_dir: Path) -> study.Row:
    """Train, predict and score once; a row of the study.table, in percent."""
    config, run_dir = f'configs/toy/{CONFIGS[link]}.py', work_dir / f'{CONFIGS[link]}_{seed}'

    def make() -> study.Row:
        checkpoint = study.train(config, run_dir, seed)
        study.tool('tools/test_step.py', config, checkpoint, '--out-dir', run_dir / 'out', '--eval', 'miou', 'vc')
        found = json.loads((run_dir / 'out' / 'vss.json').read_text())
        return dict(link=link, seed=seed, **{name: 100 * found[name] for name in SCORES})

    return study.kept_row(run_dir / 'row.json', make)


def main() -> None:
    """Run what is missing, then tell."""
    args, rows = study.parser(__doc__, NAME).parse_args(), []
    study.tool('tools/dataset/make_toy_videos.py', '--layout', 'vspw', '--out', DATA, '--train', 40, '--val', 8,
               '--frames', 24, '--height', 64, '--width', 208)
    for seed in args.seeds:
        for link in CONFIGS:
            rows.append(one_run(link, seed, args.work_dir))
            study.write_csv(args.csv, ('link', 'seed', *SCORES), rows)
    print(study.table(rows, 'link', SCORES, digits=2))


if __name__ == '__main__':
    study.run_tool(main)
