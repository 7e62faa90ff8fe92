"""Seeds: well-mixed numbers, and one call that seeds every random generator."""

import random
from contextlib import contextmanager
from typing import Iterator

import numpy as np
import torch


def mix_seed(*numbers: int) -> int:
    """Turn several non-negative integers into one well-mixed 32-bit seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_all(seed: int) -> None:
    """Seed the global random generators of Python, numpy and torch (all devices).

    Args:
        seed: 0 .. 2**32 - 1.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def generators_kept() -> Iterator[None]:
    """Leave the global random generators (torch: of all devices) as they are, whatever is drawn within."""
    plain, numbers, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    of_devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    yield
    random.setstate(plain)
    np.random.set_state(numbers)
    torch.set_rng_state(torch_state)
    if of_devices:
        torch.cuda.set_rng_state_all(of_devices)
