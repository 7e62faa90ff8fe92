"""Freed blocks go back to the system."""
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os
os.environ['KNET_NO_PLUGIN'] = '1'
import numpy as np
from knet.utils.memory import return_freed_memory

def resident():
    return int(open('/proc/self/statm').read().split()[1]) * 4096

if {returned}:
    assert return_freed_memory()
# The first block that is freed raises glibc's threshold, so that the next ones come from the heap, ...
np.ones(20 << 20, np.uint8)
blocks = [np.ones(10 << 20, np.uint8) for _ in range(20)]
# ... where a small one at the end holds all that is freed before it.
pin = np.ones(1 << 20, np.uint8)
before = resident()
del blocks
print((before - resident()) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='a setting of glibc')
def test_large_blocks_are_given_back() -> None:
    freed = {}
    for returned in (False, True):
        out = subprocess.run([sys.executable, '-c', PROGRAM.format(returned=returned)], check=True,
                             stdout=subprocess.PIPE)
        freed[returned] = int(out.stdout)
    assert freed[True] >= 190 > freed[False]
