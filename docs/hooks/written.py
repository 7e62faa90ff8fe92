"""Pages that are written from data: notebooks, commands, configs, measured rows, the public Python names."""

import ast
import csv
import importlib
import json
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import yaml
from links import ROOT

#: Module -> its public names; None for all that it defines.
PYTHON: List[Tuple[str, str]] = [
    ('knet', 'The names that most programs need: `from knet import VideoSegmenter`.'),
    ('knet.apis', 'What the command lines call.'),
    ('knet.labels', 'Classes as data.'),
    ('knet.structures', 'The values that travel between packages.'),
    ('knet.layouts.base', 'Data sets on disk; base classes of your own.'),
    ('knet.layouts.registry', 'Layouts by name.'),
    ('knet.results.panoptic_store', 'Stored panoptic predictions.'),
    ('knet.results.track_store', 'Stored tracks.'),
    ('knet.results.exports.base', 'Predictions for other programs.'),
    ('knet.evaluation.metric', 'Metrics, and how predictions are scored.'),
    ('knet.evaluation.stq', 'STQ.'),
    ('knet.evaluation.vpq', 'VPQ.'),
    ('knet.evaluation.vis_ap', 'AP of tracks.'),
    ('knet.visualization', 'Drawing.'),
    ('knet.toy', 'Toy streets.'),
    ('knet.det.protocols', 'What a model is.'),
    ('knet.video.trackers', 'Trackers, and the base class of your own.'),
    ('knet.video.embeddings', 'Embeddings, and the base class of your own.'),
]


def pages() -> Dict[str, str]:
    """Return page of the site -> its text."""
    made = {
        'reference/commands.md': commands_page(),
        'reference/configs.md': configs_page(),
        'reference/measured.md': measured_page(),
        'reference/api.md': api_index(),
    }
    for path in sorted((ROOT / 'docs/tutorials').glob('*.ipynb')):
        made[f'tutorials/{path.stem}.md'] = notebook_page(path)
    for module, text in PYTHON:
        made[f'reference/api/{module}.md'] = f'# `{module}`\n\n{text}\n\n' + '\n\n'.join(directives(module))
    return made


def notebook_page(path: Path) -> str:
    """Return the cells of a notebook as a page, which links to the notebook."""
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    texts = [''.join(cell['source']) for cell in cells]
    shown = [text if cell['cell_type'] == 'markdown' else f'```python\n{text}\n```' for cell, text in zip(cells, texts)]
    return '\n\n'.join([*shown, f'This page is the notebook [{path.name}]({path.name}), without its pictures.']) + '\n'


def parsed(module: str) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(module_file(module).read_text(encoding='utf-8'))


def module_file(module: str) -> Path:
    """Return the file of a module."""
    base = ROOT / module.replace('.', '/')
    return base / '__init__.py' if base.is_dir() else base.with_suffix('.py')


def exported(module: str) -> Dict[str, str]:
    """Return the names that a package exports -> the modules that define them; nothing for a module without exports."""
    found: Dict[str, str] = {}
    for node in parsed(module).body:
        if isinstance(node, ast.ImportFrom):
            source = f'{module}.{node.module}' if node.level else str(node.module)
            found.update({alias.name: source for alias in node.names})
    names = next((node.value for node in parsed(module).body if _assigns(node, '__all__')), None)
    return {} if names is None else {name: found[name] for name in ast.literal_eval(names) if name in found}


def _assigns(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name


def directives(module: str) -> Iterator[str]:
    """Yield what mkdocstrings replaces by the reference of each public name."""
    if module == 'knet':
        names = importlib.import_module('knet')._PUBLIC
        yield from (f'- `{name}`: see [`{source}`][{source}.{name}]' for name, source in names.items())
    elif module_file(module).name == '__init__.py':
        yield from (f'::: {_definition(source, name)}' for name, source in exported(module).items())
    else:
        yield f'::: {module}\n    options:\n      show_root_heading: false\n      heading_level: 2'


def _definition(source: str, name: str) -> str:
    """Return the full name of an object where it is defined, through packages that import it."""
    while module_file(source).name == '__init__.py' and name in exported(source):
        source = exported(source)[name]
    return f'{source}.{name}'


def api_index() -> str:
    """List the pages of the Python reference."""
    rows = [f'| [`{module}`](api/{module}.md) | {text} |' for module, text in PYTHON]
    return '# Python\n\n| module | what |\n|---|---|\n' + '\n'.join(rows) + '\n'


def commands_page() -> str:
    """List the commands with the opening words of their programs."""
    commands = importlib.import_module('knet.cli.main').COMMANDS
    lines = [
        '# Commands',
        '',
        'Each command of `video-knet` runs one program; `--help` shows the options of either.',
        '',
    ]
    lines += ['| command | program | what |', '|---|---|---|']
    lines += [f'| `video-knet {name}` | `{program}` | {text} |' for name, (program, text) in commands.items()]
    for name, (program, _) in commands.items():
        if program.endswith('.py'):
            text = ast.get_docstring(ast.parse((ROOT / program).read_text(encoding='utf-8'))) or ''
            lines += ['', f'## {name}', '', '```text', text, '```']
    return '\n'.join(lines) + '\n'


def metafiles() -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield the path and the content of each metafile, in the order of the model index."""
    for name in yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))['Import']:
        yield name, yaml.safe_load((ROOT / name).read_text(encoding='utf-8'))


def configs_page() -> str:
    """Describe every config as its metafile does."""
    lines = ['# Configs', '', 'Every shipped config, from the metafiles. No weights can be downloaded.']
    for name, content in metafiles():
        lines += ['', f'## {Path(name).parent.relative_to("configs")}', '']
        for model in content['Models']:
            facts = dict(model['Metadata'])
            lines += [f'### {model["Name"]}', '', facts.pop('Title'), '']
            lines += ['```bash', facts.pop('Command'), '```', '']
            lines += [f'- {key}: {_text(value)}' for key, value in facts.items()]
            for result in model.get('Results', []):
                scores = ', '.join(f'{key} {value}' for key, value in result['Metrics'].items())
                lines.append(f'- {result["Task"]}, {result["Dataset"]}: {scores}')
            lines.append('')
    return '\n'.join(lines) + '\n'


def _text(value: Any) -> str:
    """Return a fact as text."""
    return ', '.join(map(str, value)) if isinstance(value, list) else str(value)


def measured_page() -> str:
    """Show the rows of all measurements as they are in the files."""
    lines = ['# Measured rows', '', 'Every row behind the tables of [What was measured](../results.md).', '']
    for path in sorted([*(ROOT / 'results').glob('*.csv'), *(ROOT / 'docs/benchmarks').glob('*.csv')]):
        with path.open(newline='', encoding='utf-8') as file:
            head, *rows = list(csv.reader(file))
        lines += [f'## {path.stem}', '', f'`{path.relative_to(ROOT)}`', '']
        lines += [f'| {" | ".join(head)} |', '|' + '---|' * len(head)]
        lines += [f'| {" | ".join(map(_rounded, row))} |' for row in rows] + ['']
    return '\n'.join(lines)


def _rounded(cell: str) -> str:
    """Return a number of many digits with four of them."""
    try:
        return cell if len(cell) < 9 else f'{float(cell):.4g}'
    except ValueError:
        return cell
