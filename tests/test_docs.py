"""The pages agree with the code: links, commands, named files and names, the import picture, workflows and versions."""

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest
import yaml

import knet

from .test_architecture import PACKAGES, REPO, imported, parse, relative, tracked

PAGES = tuple(path for path in tracked() if path.suffix == '.md')
SHELL = ('bash', 'sh', 'console', 'text', '')
FENCE = re.compile(r'^```(\w*)[^\n]*\n(.*?)^```', re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
PROGRAM = re.compile(r'(?:\./)?((?:tools|tools_vis)/[\w./-]+\.(?:py|sh))')
NAMED_FILE = re.compile(r'(?:knet|knet_vis|tools|tools_vis|configs|docs|tests|requirements)/[\w./-]*')
#: Pages that name files of earlier versions or of the original.
HISTORY = ('CHANGELOG.md', 'migrate.md', 'faithfulness.md')
#: Names that docs/extend.md uses ahead of the code; a name that exists leaves this list.
OPTION = re.compile(r'(?<!\S)--[a-z][\w-]*')


def page_id(path: Path) -> str:
    return relative(path)


def prose(path: Path) -> str:
    """Return a page without its fenced blocks."""
    return FENCE.sub('', path.read_text(encoding='utf-8'))


def blocks(path: Path, *languages: str) -> List[str]:
    """Return the fenced blocks of a page in one of the languages."""
    return [text for language, text in FENCE.findall(path.read_text(encoding='utf-8')) if language in languages]


@lru_cache(maxsize=None)
def anchors(path: Path) -> Set[str]:
    """Return the anchors of the headings of a page, made as GitHub makes them."""
    found: Set[str] = set()
    for title in re.findall(r'^#+ +(.+?) *$', prose(path), re.MULTILINE):
        plain = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', title).lower()
        slug = re.sub(r'[^\w\- ]', '', plain).replace(' ', '-')
        found.add(slug if slug not in found else f'{slug}-1')
    return found


def commands(path: Path) -> Iterator[str]:
    """Yield the command lines of a page's shell blocks, continuation lines joined and comments removed."""
    for text in blocks(path, *SHELL):
        for line in text.replace('\\\n', ' ').splitlines():
            yield re.sub(r'(^|\s)#.*', '', line)


def module_file(name: str, beside: Path) -> Optional[Path]:
    """Return the file of an imported module of this repository, or None; `a.b.name` is looked up as a.b, too."""
    for dotted in (name, name.rpartition('.')[0]):
        for root in (REPO, beside.parent):
            for file in (root / f'{dotted.replace(".", "/")}.py', root / dotted.replace('.', '/') / '__init__.py'):
                if dotted and file.is_file():
                    return file
    return None


def declared_options(path: Path) -> Set[str]:
    """Return the options that a Python file names: in calls of `add_argument`, or as the keys of a table of them."""
    calls = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]
    added = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == 'add_argument']
    tables = [node for node in ast.walk(parse(path)) if isinstance(node, ast.Dict)]
    named = [arg for call in added for arg in call.args] + [key for table in tables for key in table.keys]
    values = [node.value for node in named if isinstance(node, ast.Constant)]
    return {value for value in values if isinstance(value, str) and value.startswith('--')}


@lru_cache(maxsize=None)
def options(program: Path) -> Set[str]:
    """Return the long options of a program: its own and those of the modules, or of the programs, that it calls."""
    if program.suffix == '.py':
        files = {program} | {module_file(name, program) for name in imported(program)}
        return {'--help'}.union(*(declared_options(file) for file in files if file is not None))
    text = program.read_text(encoding='utf-8')
    called = [program.parent / name for name in re.findall(r'[\w./-]+\.py\b', text)]
    # Options are patterns of a case: --name), or --name | --other).
    known = {'--help', *re.findall(r'(--[a-z][\w-]*)(?= ?[|)])', text)}
    return known.union(*(options(file) for file in called if file.is_file()))


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    wrong = []
    for target in LINK.findall(prose(page)):
        name, _, anchor = target.partition('#')
        if re.match(r'[a-z]+:', name):
            continue
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == '.md' and anchor not in anchors(file)):
            wrong.append(target)
    assert not wrong, f'{relative(page)} links to what does not exist: {wrong}'


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_named_files_exist(page: Path) -> None:
    """Paths between backticks, in tables, lists and sentences; patterns and placeholders in capitals are skipped."""
    wrong = []
    for quoted in re.findall(r'`([^`\n]+)`', prose(page)):
        if NAMED_FILE.fullmatch(quoted) and page.name not in HISTORY:
            names = [quoted] + [f'{quoted}.py'] * (not Path(quoted).suffix)
            if not any((REPO / name).exists() for name in names) and quoted.upper() != quoted:
                wrong.append(quoted)
    assert not wrong, f'{relative(page)} names files that do not exist: {wrong}'


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_commands_exist_with_their_options(page: Path) -> None:
    wrong = []
    for line in commands(page):
        configs = re.findall(r'(?<![\w/])configs/[\w./-]+\.py', line)
        wrong += [config for config in configs if not (REPO / config).is_file()]
        for command in re.split(r'&&|;|\|', line):
            program = PROGRAM.search(command)
            if program is None:
                continue
            file = REPO / program.group(1)
            if not file.is_file():
                wrong.append(program.group(1))
            # The arguments of tools/run_tests.sh go to pytest.
            elif file.name != 'run_tests.sh':
                given = set(OPTION.findall(command[program.end() :]))
                wrong += [f'{program.group(1)} {option}' for option in sorted(given - options(file))]
    assert not wrong, f'{relative(page)} calls what does not exist: {wrong}'


def public_names(file: Path) -> Set[str]:
    """Return what a module defines or imports at its top level."""
    names: Set[str] = set()
    for node in parse(file).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names | (set(knet.__all__) if file == REPO / 'knet/__init__.py' else set())


@pytest.mark.parametrize('page', [page for page in PAGES if blocks(page, 'python')], ids=page_id)
def test_examples_import_names_that_exist(page: Path) -> None:
    wrong = []
    for text in blocks(page, 'python'):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] in ('knet', 'knet_vis'):
                file = module_file(str(node.module), REPO / 'README.md')
                known = public_names(file) if file is not None else set()
                wrong += [f'{node.module}.{alias.name}' for alias in node.names if alias.name not in known]
    assert not wrong, f'{relative(page)} imports what does not exist: {wrong}'


def diagram() -> Dict[str, Set[str]]:
    """Return for each package in the diagram all packages from which arrows lead to it, in any number of steps."""
    (text,) = blocks(REPO / 'docs/architecture.md', 'mermaid')
    below: Dict[str, Set[str]] = {}
    for line in text.splitlines():
        chain = [name.strip() for name in line.split('-->')]
        for lower, upper in zip(chain, chain[1:]):
            below.setdefault(lower, set())
            below.setdefault(upper, set()).add(lower)
    for _ in below:
        for names in below.values():
            names.update(*(below[name] for name in tuple(names)))
    return below


def test_import_picture_shows_the_rules() -> None:
    assert diagram() == {name: set(allowed.split()) for name, allowed in PACKAGES.items()}


def test_architecture_page_describes_every_package() -> None:
    text = (REPO / 'docs/architecture.md').read_text(encoding='utf-8')
    rows = re.findall(r'^\| `knet/(\w+)(?:/|\.py)` \|', text, re.MULTILINE)
    assert sorted(rows) == sorted(PACKAGES)


def steps() -> List[Tuple[str, str]]:
    """Return (workflow, command) of every step that runs commands."""
    found = []
    for path in sorted((REPO / '.github/workflows').glob('*.yml')):
        for job in yaml.safe_load(path.read_text(encoding='utf-8'))['jobs'].values():
            found += [(path.name, step['run']) for step in job['steps'] if 'run' in step]
    return found


def test_workflows_run_commands_of_the_project() -> None:
    assert len(steps()) >= 5
    wrong = []
    for workflow, text in steps():
        names = re.findall(r'(?:tools|tools_vis|tests|configs)/[\w./-]+\.(?:py|sh)', text)
        wrong += [f'{workflow}: {name}' for name in names if not (REPO / name).is_file()]
    assert not wrong, wrong


def test_workflows_start_by_themselves() -> None:
    for path in (REPO / '.github/workflows').glob('*.yml'):
        content: Dict[Any, Any] = yaml.safe_load(path.read_text(encoding='utf-8'))
        # YAML 1.1 reads the key `on` as true.
        triggers = content.get('on', content.get(True))
        assert set(triggers) & {'push', 'pull_request', 'schedule'}, path.name
        assert content['permissions'] == {'contents': 'read'}, path.name


def test_issue_forms_are_complete() -> None:
    forms = [path for path in (REPO / '.github/ISSUE_TEMPLATE').glob('*.yml') if path.stem != 'config']
    assert {path.stem for path in forms} == {'bug', 'feature', 'question'}
    for path in forms:
        form = yaml.safe_load(path.read_text(encoding='utf-8'))
        assert form['name'] and form['description'], path.name
        fields = [field['id'] for field in form['body'] if field['type'] != 'markdown']
        assert fields and len(fields) == len(set(fields)), path.name


def test_changelog_has_the_version_and_the_newest_comes_first() -> None:
    text = (REPO / 'CHANGELOG.md').read_text(encoding='utf-8')
    versions = re.findall(r'^## \[(\d+\.\d+\.\d+)\]', text, re.MULTILINE)
    assert knet.__version__ in versions
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split('.')], reverse=True)
