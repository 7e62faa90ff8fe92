"""Packaging of Video K-Net; ``pip install --no-build-isolation -e .`` installs it for development."""

import re
from pathlib import Path
from typing import List

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent


def requirements(name: str) -> List[str]:
    """Return the lines of a requirements file that are not comments."""
    lines = (line.split('#')[0].strip() for line in (HERE / name).read_text(encoding='utf-8').splitlines())
    return [line for line in lines if line]


def version() -> str:
    """Return the version without importing the package."""
    text = (HERE / 'knet' / '__init__.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE).group(1)


runtime = requirements('requirements.txt')
mmcv = [line for line in runtime if re.match(r'mmcv\b', line)]

setup(
    name='video-knet',
    version=version(),
    description='Video K-Net: a simple, strong and unified baseline for video segmentation',
    long_description='Video K-Net as a plugin of MMDetection 2.x; see README.md.',
    license='MIT',
    package_data={'knet': ['py.typed'], 'knet_vis': ['py.typed']},
    packages=find_packages(include=['knet', 'knet.*', 'knet_vis', 'knet_vis.*']),
    python_requires='>=3.8,<3.13',
    # mmcv comes in two flavours of different names; either will do, so none is forced.
    install_requires=[line for line in runtime if line not in mmcv],
    extras_require={
        'lite': mmcv,
        'full': requirements('requirements/full.txt'),
        'mim': requirements('requirements/mim.txt'),
        'video': requirements('requirements/video.txt'),
        'tests': requirements('requirements/tests.txt'),
        'docs': requirements('requirements/docs.txt'),
    },
)
