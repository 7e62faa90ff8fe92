"""The rules of this code base, read from the source: who imports whom, sizes, annotations, docstrings."""

import ast
import re
import subprocess
import sys
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

REPO = Path(__file__).resolve().parents[1]
TEXT = {'.py', '.sh', '.md', '.txt', '.toml', '.yml', '.yaml', '.cff', '.json', '.html', '.css', '.cfg', ''}

# A package may import the packages on its right, and itself; never back.
_DATA = 'labels structures utils'
_FILES = f'{_DATA} layouts results'
_NETWORKS = f'{_DATA} backbones det'
PACKAGES: Dict[str, str] = {
    'labels': '',
    'structures': 'labels',
    'utils': 'labels structures',
    'cli': _DATA,
    'layouts': _DATA,
    'results': f'{_DATA} layouts',
    'evaluation': _FILES,
    'visualization': f'{_FILES} evaluation',
    'toy': f'{_DATA} layouts',
    'datasets': f'{_FILES} evaluation',
    'backbones': _DATA,
    'det': f'{_DATA} backbones',
    'video': _NETWORKS,
    'vss': f'{_NETWORKS} video',
    'apis': f'{_FILES} evaluation visualization datasets backbones det video vss',
}
# These two serve programs that start in a fraction of a second.
NUMPY_PACKAGES = ('labels', 'layouts', 'results', 'evaluation', 'visualization', 'toy')
NUMPY_ONLY = (*(f'knet/{name}' for name in NUMPY_PACKAGES), 'knet/structures.py', 'knet/utils/io.py')
TORCH = tuple(int(part) for part in version('torch').split('.')[:2])
HEAVY = {'torch', 'torchvision', 'mmcv', 'mmdet', 'mmseg', 'mmcls', 'timm'}


@lru_cache(maxsize=None)
def tracked() -> Tuple[Path, ...]:
    """Files of the project: those git knows, or those on disk when this is no repository."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if listed.returncode == 0:
        names = listed.stdout.decode().split('\0')
        return tuple(REPO / name for name in names if name and (REPO / name).is_file())
    roots = ('knet', 'knet_vis', 'tools', 'tools_vis', 'tests', 'configs', 'docs')
    return tuple(path for root in roots for path in (REPO / root).rglob('*') if path.is_file())


def python_files(*folders: str) -> List[Path]:
    inside = [path for path in tracked() if path.suffix == '.py' and '_vendor' not in path.parts]
    return [path for path in inside if not folders or path.relative_to(REPO).parts[0] in folders]


@lru_cache(maxsize=None)
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding='utf-8'), str(path))


def imported(path: Path) -> Set[str]:
    """Full names of the modules a file imports; relative imports are resolved, `from a import b` gives a.b."""
    package = path.relative_to(REPO).with_suffix('').parts[:-1]
    names = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = '.'.join(base + ([node.module] if node.module else []))
            names.update(f'{module}.{alias.name}' for alias in node.names)
    return names


def package_of(name: str) -> str:
    """'knet.det.knet' -> 'det'; '' for what is not a package of knet."""
    parts = name.split('.')
    return parts[1] if parts[0] == 'knet' and len(parts) > 1 and parts[1] in PACKAGES else ''


def relative(path: Path) -> str:
    return path.relative_to(REPO).as_posix()


def test_packages_import_only_from_the_packages_below() -> None:
    wrong = []
    for path in python_files('knet'):
        package = package_of('.'.join(path.relative_to(REPO).with_suffix('').parts))
        if package:
            allowed = {package, *PACKAGES[package].split()}
            wrong += [
                f'{relative(path)} imports {name}'
                for name in imported(path)
                if package_of(name) and package_of(name) not in allowed
            ]
    assert not wrong, '\n'.join(wrong)


def test_every_folder_of_knet_is_a_known_package() -> None:
    parts = [path.relative_to(REPO).parts for path in python_files('knet')]
    assert {part[1] for part in parts if len(part) > 2} <= set(PACKAGES)


def test_knet_vis_stands_on_det_and_datasets_only() -> None:
    allowed = {'datasets', 'det', 'backbones', 'labels', 'structures', 'utils', 'layouts', 'results', 'evaluation'}
    wrong = [
        f'{relative(path)} imports {name}'
        for path in python_files('knet_vis')
        for name in imported(path)
        if package_of(name) and package_of(name) not in allowed
    ]
    assert not wrong, '\n'.join(wrong)


def test_packages_do_not_import_tools_or_tests() -> None:
    wrong = [
        f'{relative(path)} imports {name}'
        for path in python_files('knet', 'knet_vis')
        for name in imported(path)
        if name.split('.')[0] in ('tools', 'tools_vis', 'tests')
    ]
    assert not wrong, '\n'.join(wrong)


def test_evaluation_and_visualization_import_no_network_library() -> None:
    wrong = [
        f'{relative(path)} imports {name}'
        for path in python_files('knet')
        if relative(path).startswith(NUMPY_ONLY)
        for name in imported(path)
        if name.split('.')[0] in HEAVY
    ]
    assert not wrong, '\n'.join(wrong)


@pytest.mark.parametrize('package', NUMPY_PACKAGES)
def test_numpy_packages_load_no_torch(package: str) -> None:
    files = [path for path in python_files('knet') if relative(path).startswith(f'knet/{package}/')]
    modules = [relative(path)[: -len('.py')].replace('/', '.') for path in files if path.name != '__init__.py']
    code = (
        'import sys, importlib\n'
        f'for name in {modules}: importlib.import_module(name)\n'
        f'print(sorted(set(sys.modules) & {HEAVY}))'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout.decode().strip() == '[]'


def test_files_are_short() -> None:
    long = [
        f'{relative(path)}: {lines} lines'
        for path in python_files()
        for lines in [len(path.read_text(encoding='utf-8').splitlines())]
        if lines > 600
    ]
    assert not long, '\n'.join(long)


def test_no_paths_of_a_machine_and_no_registries() -> None:
    """The project speaks only of itself: no home folders, no package hosts, no editor's addresses."""
    pattern = re.compile(
        r'(?<![\w.$}~/])/(?:work|root|tmp|home|Users|mnt|opt|data1?)/[\w.]'
        r'|pypi\.org|pythonhosted|download\.pytorch|download\.openmmlab|(?:mirrors?|registry)\.[\w-]+\.\w+'
    )
    found = []
    for path in tracked():
        if path.suffix in TEXT and path != Path(__file__).resolve():
            for number, line in enumerate(path.read_text(encoding='utf-8', errors='replace').splitlines(), 1):
                if pattern.search(line):
                    found.append(f'{relative(path)}:{number}: {line.strip()[:120]}')
    assert not found, '\n'.join(found)


def functions(path: Path) -> Iterator[Tuple[str, ast.FunctionDef, bool]]:
    """Functions and methods of a file: (name, node, whether it is public API)."""

    def walk(node: ast.AST, prefix: str, public: bool, inside_function: bool) -> Iterator:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                name = f'{prefix}{child.name}'
                here = public and not child.name.startswith('_')
                if not isinstance(child, ast.ClassDef):
                    yield name, child, here and not inside_function
                yield from walk(child, name + '.', here, inside_function or not isinstance(child, ast.ClassDef))
            else:
                yield from walk(child, prefix, public, inside_function)

    yield from walk(parse(path), '', True, False)


def is_annotated(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    named = [arg for arg in arguments if arg is not None and arg.arg not in ('self', 'cls')]
    return all(arg.annotation for arg in named) and (node.returns is not None or node.name == '__init__')


def test_functions_are_annotated() -> None:
    files = python_files('knet', 'knet_vis', 'tools', 'tools_vis')
    checked = [(f'{relative(path)}: {name}', is_annotated(node)) for path in files for name, node, _ in functions(path)]
    bare = [name for name, annotated in checked if not annotated]
    assert len(bare) <= 0.1 * len(checked), '\n'.join(bare)


def test_public_api_is_documented() -> None:
    """Modules, public classes and public functions say what they are; overrides inherit their parent's words."""
    inherited = {'forward', 'init_weights', 'train', 'forward_train', 'simple_test', 'aug_test', 'extract_feat'}
    missing = []
    for path in python_files('knet', 'knet_vis'):
        tree = parse(path)
        if not ast.get_docstring(tree):
            missing.append(relative(path))
        missing += [
            f'{relative(path)}: class {node.name}'
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and not node.name.startswith('_') and not ast.get_docstring(node)
        ]
        missing += [
            f'{relative(path)}: {name}'
            for name, node, public in functions(path)
            if public and node.name not in inherited and not ast.get_docstring(node)
        ]
    assert not missing, '\n'.join(missing)


def test_source_suits_the_oldest_python() -> None:
    for path in python_files():
        ast.parse(path.read_text(encoding='utf-8'), str(path), feature_version=(3, 8))


@pytest.mark.skipif(find_spec('ruff') is None, reason='ruff is not installed')
@pytest.mark.parametrize(
    'command', [['check', '--output-format', 'concise'], ['format', '--check']], ids=lambda c: c[0]
)
def test_ruff_is_content(command: List[str]) -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'ruff', *command, '--no-cache', '.'],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.slow
@pytest.mark.skipif(find_spec('mypy') is None, reason='mypy is not installed')
@pytest.mark.skipif(TORCH < (2, 9), reason='the types of older versions of torch differ')
def test_types_are_consistent() -> None:
    done = subprocess.run(
        [sys.executable, '-m', 'mypy', '--no-error-summary'], cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()


def test_importing_the_package_takes_a_fraction_of_a_second() -> None:
    """The time itself is not tested, but what takes it: neither torch nor numpy is imported."""
    code = 'import sys, knet; print(sorted({"torch", "numpy", "mmcv", "mmdet", "cv2"} & set(sys.modules)))'
    done = subprocess.run([sys.executable, '-c', code], cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout.decode().strip() == '[]'
