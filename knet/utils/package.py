"""Where the files lie that belong to the package and are no modules: configs, tools, requirements."""

from pathlib import Path
from typing import List

_KNET = Path(__file__).resolve().parents[1]


def package_root() -> Path:
    """Return the folder that holds ``configs``, ``tools``, ``tools_vis`` and ``requirements``.

    That is the repository, or the folder ``.mim`` of the installed package, where OpenMMLab's installer looks as well.
    """
    repository = _KNET.parent
    return repository if (repository / 'configs' / '_base_').is_dir() else _KNET / '.mim'


def config_names() -> List[str]:
    """Return the paths of all shipped configs, relative to ``configs``."""
    configs = package_root() / 'configs'
    files = (path.relative_to(configs) for path in configs.rglob('*.py'))
    return sorted(path.as_posix() for path in files if path.parts[0] != '_base_')


def find_config(name: str) -> str:
    """Return the file of a config.

    Args:
        name: Path of a file, or else a shipped config: its path as in the repository (``configs/toy/...``), below
            ``configs``, or its bare name, each with or without ``.py``.

    Returns:
        Path of the file; ``name`` itself if it names neither a file nor one shipped config.
    """
    if Path(name).is_file():
        return name
    wanted = name if name.endswith('.py') else f'{name}.py'
    if wanted.startswith('configs/'):
        wanted = wanted[len('configs/') :]
    found = [path for path in config_names() if path == wanted or ('/' not in wanted and path.endswith(f'/{wanted}'))]
    return str(package_root() / 'configs' / found[0]) if len(found) == 1 else name
