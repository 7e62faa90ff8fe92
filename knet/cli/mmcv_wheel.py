"""Build a wheel of mmcv 1.7.2 that installs on every Python and imports without compiled ops.

    python -m knet.cli.mmcv_wheel FOLDER

The last mmcv of the 1.x line comes as source. Its setup.py fails on Python 3.13, one of its modules calls a function
that Python 3.14 removed, and mmdet stops on the compiled ops that the pure Python flavour lacks. The wheel repairs the
three: it is packed without setup.py, and its ``mmcv/_ext.py`` is ``knet/utils/torch_ops.py``, the stand-in for the
compiled ops. The source comes from pip's package index and nothing of it is kept here. Needs nothing but pip.
"""

import argparse
import base64
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Dict, List, Tuple

VERSION = '1.7.2'
STAND_IN = Path(__file__).resolve().parents[1] / 'utils' / 'torch_ops.py'
#: File of mmcv -> what is wrong in it, and what takes its place.
REPAIRS: Dict[str, Tuple[str, str]] = {
    # Python 3.14 has no pkgutil.find_loader, and mmcv/_ext.py holds no compiled ops.
    'mmcv/utils/ext_loader.py': (
        "    ext_loader = pkgutil.find_loader('mmcv._ext')\n    return ext_loader is not None\n",
        '    return False\n',
    )
}
#: A build backend that tells pip name and version, so that pip hands over the archive without running its setup.py.
_BACKEND = f"""
import sys
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder, 'mmcv-{VERSION}.dist-info')
    info.mkdir()
    (info / 'METADATA').write_text('Metadata-Version: 2.1\\nName: mmcv\\nVersion: {VERSION}\\n')
    return info.name

__legacy__ = sys.modules[__name__]
"""


class BuildError(Exception):
    """The wheel cannot be built; the message says why."""


def wheel_version() -> str:
    """Return the version of the wheel, which names the stand-in, so that pip replaces a wheel with an older one."""
    return f'{VERSION}+torch.{hashlib.sha256(STAND_IN.read_bytes()).hexdigest()[:8]}'


def fetch_source(folder: Path) -> Path:
    """Let pip load the source archive of mmcv, from wherever it is configured to load.

    Args:
        folder: Where the archive goes.

    Returns:
        The archive.

    Raises:
        BuildError: With the last lines of pip if it found none.
    """
    backend = folder / 'backend'
    (backend / 'setuptools').mkdir(parents=True)
    (backend / 'setuptools' / '__init__.py').touch()
    (backend / 'setuptools' / 'build_meta.py').write_text(_BACKEND, encoding='utf-8')
    path = os.pathsep.join(filter(None, [str(backend), os.environ.get('PYTHONPATH')]))
    command = [sys.executable, '-m', 'pip', 'download', '--disable-pip-version-check', '--no-deps']
    command += ['--no-build-isolation', '--no-binary', 'mmcv', '--dest', str(folder), f'mmcv=={VERSION}']
    done = subprocess.run(
        command,
        env={**os.environ, 'PYTHONPATH': path, 'PIP_USE_PEP517': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    archives = sorted(folder.glob(f'mmcv-{VERSION}.*'))
    if done.returncode or not archives:
        raise BuildError(f'pip cannot load the source of mmcv {VERSION}:\n' + '\n'.join(done.stdout.splitlines()[-8:]))
    return archives[0]


def read_source(archive: Path) -> Dict[str, bytes]:
    """Read what the wheel needs from the source archive.

    Args:
        archive: Source archive of mmcv.

    Returns:
        Name within the archive's folder -> content: the package without its C++ code, and what describes it.
    """
    wanted = ('PKG-INFO', 'LICENSE', 'LICENSES.md', 'requirements/runtime.txt')
    files = {}
    with tarfile.open(str(archive)) as source:
        for member in source.getmembers():
            name = member.name.partition('/')[2]
            code = name.startswith('mmcv/') and name.endswith(('.py', '.json'))
            content = source.extractfile(member) if member.isfile() and (code or name in wanted) else None
            if content is not None:
                files[name] = content.read()
    return files


def repair(files: Dict[str, bytes]) -> None:
    """Apply the repairs to the files of :func:`read_source`, and add the stand-in.

    Raises:
        BuildError: If the source is not the one that the repairs were written for.
    """
    for name, (wrong, right) in REPAIRS.items():
        text = files.get(name, b'').decode('utf-8').replace('\r\n', '\n')
        if wrong not in text:
            raise BuildError(f'{name} is not that of mmcv {VERSION}: the source archive is another one, or damaged')
        files[name] = text.replace(wrong, right).encode('utf-8')
    files['mmcv/_ext.py'] = STAND_IN.read_bytes()


def write_wheel(files: Dict[str, bytes], folder: Path) -> Path:
    """Pack the repaired files.

    Args:
        files: Name -> content.
        folder: Where the wheel goes.

    Returns:
        The wheel.
    """
    version = wheel_version()
    info = f'mmcv-{version}.dist-info'
    package = {name: content for name, content in files.items() if name.startswith('mmcv/')}
    about = files['PKG-INFO'].decode('utf-8').splitlines()
    kept = ('Metadata-Version', 'Name', 'Summary', 'Home-page', 'Author', 'Author-email', 'Classifier')
    head = [line for line in about if line.split(':')[0] in kept]
    needs = [line.strip() for line in files['requirements/runtime.txt'].decode('utf-8').splitlines() if line.strip()]
    # OpenCV comes in flavours of several names; Video K-Net itself asks for it.
    head += [f'Version: {version}', *(f'Requires-Dist: {line}' for line in needs if not line.startswith('opencv'))]
    package[f'{info}/METADATA'] = '\n'.join([*head, '']).encode('utf-8')
    package[f'{info}/WHEEL'] = b'Wheel-Version: 1.0\nGenerator: video-knet\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
    package[f'{info}/top_level.txt'] = b'mmcv\n'
    package.update({f'{info}/{name}': files[name] for name in ('LICENSE', 'LICENSES.md') if name in files})
    record: List[str] = []
    wheel = folder / f'mmcv-{version}-py3-none-any.whl'
    with zipfile.ZipFile(str(wheel), 'w', zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(package.items()):
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
            record.append(f'{name},sha256={digest},{len(content)}\n')
            target.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        target.writestr(zipfile.ZipInfo(f'{info}/RECORD'), ''.join([*record, f'{info}/RECORD,,\n']))
    return wheel


def build(folder: Path) -> Path:
    """Load the source, repair it and pack it.

    Args:
        folder: Where the wheel goes; made if needed.

    Returns:
        The wheel.

    Raises:
        BuildError: If the source cannot be had or is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        files = read_source(fetch_source(Path(scratch)))
    repair(files)
    return write_wheel(files, folder)


def main() -> None:
    """Build the wheel and print its path."""
    parser = argparse.ArgumentParser(description='Build a wheel of mmcv 1.7.2 for every Python, without compiled ops.')
    parser.add_argument('folder', type=Path, help='where the wheel goes')
    try:
        print(build(parser.parse_args().folder))
    except BuildError as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
