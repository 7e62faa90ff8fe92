"""Complete an installation with what pip cannot be told in a list of requirements: ``python -m knet setup``.

mmcv comes as :mod:`knet.cli.mmcv_wheel` builds it, unless one that serves is there; packages whose own requirements are
too narrow come without them; and OpenCV comes in its flavour without windows where the machine lacks the libraries of a
desktop.
Needs nothing but pip.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, List, Optional

from knet.cli.mmcv_wheel import BuildError, build, wheel_version
from knet.utils.package import package_root

#: importlib.metadata, with any types: mypy knows that of its own Python only.
_metadata: Any = import_module('importlib.metadata')


def installed_version(name: str) -> Optional[str]:
    """Return the installed version of a package, or None."""
    try:
        return str(_metadata.version(name))
    except _metadata.PackageNotFoundError:
        return None


def pip_install(*arguments: str) -> None:
    """Install into this environment.

    Raises:
        subprocess.CalledProcessError: If pip fails; its own words are on the screen.
    """
    quiet = ('-q', '--disable-pip-version-check', '--progress-bar', 'off')
    subprocess.run([sys.executable, '-m', 'pip', 'install', *quiet, *arguments], check=True)


def install_mmcv() -> str:
    """Install the wheel of mmcv that fits this version of Video K-Net.

    Returns:
        What was done, for the screen.
    """
    full = installed_version('mmcv-full')
    if full is not None:
        return f'mmcv-full {full} is there and serves as well'
    if installed_version('mmcv') == wheel_version():
        return f'mmcv {wheel_version()} is there'
    with tempfile.TemporaryDirectory() as folder:
        pip_install(str(build(Path(folder))))
    return f'mmcv {wheel_version()} installed'


def unconstrained_requirements() -> List[str]:
    """Return the packages that are installed without their own requirements."""
    lines = (package_root() / 'requirements' / 'nodeps.txt').read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith('#')]


def repair_opencv() -> Optional[str]:
    """Exchange OpenCV for its flavour without windows if it cannot be imported.

    Returns:
        What was done, or None if nothing was needed.
    """
    version = installed_version('opencv-python')
    attempt = [sys.executable, '-c', 'import cv2']
    if version is None or subprocess.run(attempt, stderr=subprocess.DEVNULL).returncode == 0:
        return None
    pip_install('--no-deps', '--force-reinstall', f'opencv-python-headless=={version}')
    return f'opencv-python-headless {version} took the place of opencv-python, which this machine cannot import'


def main() -> None:
    """Complete the installation, and print what was done."""
    argparse.ArgumentParser(description='Complete the installation of Video K-Net in this environment.').parse_args()
    try:
        print(install_mmcv())
        missing = [line for line in unconstrained_requirements() if not installed_version(re.split('[=<>]', line)[0])]
        if missing:
            pip_install('--no-deps', *missing)
            print(f'{", ".join(missing)} installed')
        exchanged = repair_opencv()
        if exchanged:
            print(exchanged)
    except (BuildError, subprocess.CalledProcessError) as error:
        sys.exit(f'error: {error}')


if __name__ == '__main__':
    main()
