"""Write the metafiles from the configs and the rows of results/*.csv, so that no fact is typed twice.

    python tools/misc/fill_metafiles.py            # metafile.yml of every folder of configs, and model-index.yml
    python tools/misc/fill_metafiles.py --check    # only say which files differ; exit code 1 if any does

Of a metafile the head up to ``Models:`` is written by hand. A model is described by the comment that its config opens
with, by its settings, and by the rows of results whose column ``config`` names it alone, averaged over the seeds.
"""

import csv
import itertools
import re
import sys
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import yaml

from knet.utils.cli import ToolParser, add_debug_option, run_tool
from knet.utils.io import atomic_path

if TYPE_CHECKING:
    from mmcv import Config

ROOT = Path(__file__).resolve().parents[2]
#: Type of a data set -> its name, and the task of its models.
DATA_SETS: Dict[str, Tuple[str, str]] = {
    'CityscapesPanopticDataset': ('Cityscapes', 'Panoptic Segmentation'),
    'CityscapesSTEP': ('Cityscapes-STEP', 'Panoptic Segmentation'),
    'CityscapesVPSDataset': ('Cityscapes-VPS', 'Video Panoptic Segmentation'),
    'CocoInstanceDataset': ('COCO', 'Instance Segmentation'),
    'CocoPanopticDatasetCustom': ('COCO panoptic', 'Panoptic Segmentation'),
    'KITTISTEPDVPSDataset': ('KITTI-STEP', 'Video Panoptic Segmentation'),
    'VIPSegDVPSDataset': ('VIPSeg', 'Video Panoptic Segmentation'),
    'VSPWDataset': ('VSPW', 'Video Semantic Segmentation'),
    'YouTubeVISDataset': ('YouTube-VIS', 'Video Instance Segmentation'),
}
_SWIN = {96: 'Swin-T', 128: 'Swin-B', 192: 'Swin-L'}
_NECKS = {'FPN': 'FPN', 'ChainedFPN': 'FPN', 'MSDeformAttnPixelDecoder': 'Deformable Attention'}
#: Columns of files of results that say what a row is about.
_ARMS = ('rung', 'link', 'hypothesis', 'world', 'start', 'arm', 'iterations')
#: Columns that are no scores.
_NO_SCORES = (*_ARMS, 'seed', 'config', 'commit', 'minutes', 'loss_track')


def config_files(folder: Path) -> List[Path]:
    """Return the configs of a folder that can be run."""
    return sorted(folder.glob('*.py'))


def folders() -> List[Path]:
    """Return the folders of configs that can be run; ``_base_`` and ``common`` hold parts."""
    found = {path.parent for path in (ROOT / 'configs').rglob('*.py') if not {'_base_', 'common'} & set(path.parts)}
    return sorted(found)


def relative(path: Path) -> str:
    """Return a path as seen from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def header(path: Path) -> Dict[str, str]:
    """Return what the comment says that a config opens with: title, command, and its facts by their names."""
    lines = path.read_text(encoding='utf-8').splitlines()
    title, _, *rest = [line[2:] for line in itertools.takewhile(lambda line: line.startswith('# '), lines)]
    commands = [line.strip() for line in rest if line.startswith('  ')]
    facts = dict(line.split(': ', 1) for line in rest if re.match(r'(Starts from|Hardware|Trained here): ', line))
    return dict(title=title, command='\n'.join(commands), **{name: fact.rstrip('.') for name, fact in facts.items()})


def training_set(cfg: 'Config') -> Any:
    """Return the settings of the data set that is trained on, without what repeats or joins it."""
    data = cfg.data.train
    while 'dataset' in data or 'datasets' in data:
        data = data.get('dataset') or data['datasets'][0]
    return data


def data_name(data: Any) -> str:
    """Return the name of a data set, with its year or with what lies in its place."""
    name, _ = DATA_SETS[data.type]
    year = re.search(r'_(\d{4})$', data.data_root)
    if data.data_root.startswith('data/toy/'):
        return f'toy streets in the layout of {name}'
    if data.data_root == 'data/clip':
        return f'one real clip in the layout of {name}'
    return f'{name} {year.group(1)}' if year else name


def architecture(model: Any) -> List[str]:
    """Return the parts of a network: backbone, pixel decoder, heads, and the class of the whole."""
    backbone, head = model.backbone, model.get('decode_head', {}).get('kernel_generate_head', {})
    name = f'ResNet-{backbone.depth}' if 'depth' in backbone else _SWIN[backbone.embed_dims]
    parts = [f'{name} of half width' if backbone.get('base_channels') == 32 else name]
    parts += [_NECKS[model.neck.type]] if 'neck' in model else [head.type]
    return [*parts, 'K-Net', *(['Quasi-Dense Tracking'] if 'track_head' in model else []), model.type]


def _arm(row: Dict[str, str]) -> str:
    """Return what a row is about."""
    return ', '.join(row[name] for name in _ARMS if name in row)


def measured(config: str) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield (file, result) for every group of rows that a config alone has made."""
    for path in sorted((ROOT / 'results').glob('*.csv')):
        with path.open(newline='', encoding='utf-8') as file:
            rows = [row for row in csv.DictReader(file) if row.get('config') == config]
        for arm in dict.fromkeys(map(_arm, rows)):
            group = [row for row in rows if _arm(row) == arm]
            names = [name for name in group[0] if name not in _NO_SCORES]
            seeds = f'mean of {len(group)} seeds' if len(group) > 1 else 'one seed'
            scores = {name: round(mean(float(row[name]) for row in group), 1) for name in names}
            yield relative(path), dict(Dataset=f'{relative(path)}, {arm}, {seeds}, in percent', Metrics=scores)


def described(path: Path, collection: str) -> Dict[str, Any]:
    """Return the entry of a config."""
    import knet.plugin  # noqa: F401  before mmcv: without compiled ops it needs its repairs

    # isort: split
    from mmcv import Config

    cfg = Config.fromfile(str(path), import_custom_modules=False)
    data, facts, results = training_set(cfg), header(path), list(measured(relative(path)))
    epochs = 'max_epochs' in cfg.runner
    named = re.findall(r'(?:docs/)?\w+\.md', facts['Trained here'])
    pages = list(dict.fromkeys(file for file, _ in results)) or (named if facts['Trained here'][:2] != 'no' else [])
    entry: Dict[str, Any] = {
        'Name': path.stem,
        'In Collection': collection,
        'Config': relative(path),
        'Metadata': {
            'Title': facts['title'],
            'Training Data': data_name(data),
            'Architecture': architecture(cfg.model),
            'Epochs' if epochs else 'Iterations': cfg.runner.max_epochs if epochs else cfg.runner.max_iters,
            'Command': facts['command'],
            'Starts From': facts['Starts from'],
            'Hardware': facts['Hardware'],
            'Trained Here': facts['Trained here'],
            'Measured': pages or 'none',
            'Weights': 'none',
        },
    }
    if results:
        entry['Results'] = [dict(Task=DATA_SETS[data.type][1], **result) for _, result in results]
    return entry


class _Dumper(yaml.SafeDumper):
    """Writes commands line by line and short lists in one."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar('tag:yaml.org,2002:str', text, style='|' if '\n' in text else None),
)
_Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence('tag:yaml.org,2002:seq', items, isinstance(items[0], str))
)


def filled(path: Path) -> str:
    """Return the text of a metafile."""
    head = path.read_text(encoding='utf-8').split('\nModels:')[0].rstrip()
    (collection,) = [entry['Name'] for entry in yaml.safe_load(head)['Collections']]
    models = [described(config, collection) for config in config_files(path.parent)]
    text = yaml.dump(dict(Models=models), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
    return f'{head}\n\n{text}'


def files() -> Dict[Path, str]:
    """Return every file that this program writes -> its text."""
    metafiles = [folder / 'metafile.yml' for folder in folders()]
    missing = [relative(path) for path in metafiles if not path.is_file()]
    if missing:
        raise FileNotFoundError(f'{", ".join(missing)}: missing; write its head, "Collections:", as in the others')
    index = 'Import:\n' + ''.join(f'  - {relative(path)}\n' for path in metafiles)
    return {**{path: filled(path) for path in metafiles}, ROOT / 'model-index.yml': index}


def main() -> int:
    """Fill or check all metafiles; the exit code."""
    parser = ToolParser(__doc__)
    parser.add_argument('--check', action='store_true', help='write nothing')
    add_debug_option(parser)
    args = parser.parse_args()
    differing = {path: text for path, text in files().items() if path.read_text(encoding='utf-8') != text}
    for path, text in differing.items():
        print(f'{relative(path)}: {"differs from" if args.check else "filled from"} the configs and results/*.csv')
        if not args.check:
            with atomic_path(path) as temporary:
                temporary.write_text(text, encoding='utf-8')
    return int(args.check and bool(differing))


if __name__ == '__main__':
    run_tool(main)
