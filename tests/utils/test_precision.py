"""Sums over pixels keep full precision under autocast, and nothing changes without it."""

import pytest
import torch

from knet.det.kernel_head import pool
from knet.utils.precision import full_precision


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_sums_beyond_float16_are_finite(dtype: torch.dtype) -> None:
    hard, feats = torch.ones(1, 2, 100 * 100), torch.full((1, 3, 100, 100), 10.0)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        group = pool(hard.to(dtype), feats.to(dtype))
    assert group.dtype == torch.float32 and group.unique().tolist() == [1e5]


def test_double_precision_stays() -> None:
    hard, feats = torch.ones(1, 2, 4, dtype=torch.float64), torch.rand(1, 3, 2, 2, dtype=torch.float64)
    assert pool(hard, feats).dtype == torch.float64


def test_autocast_is_on_again_after_the_call() -> None:
    @full_precision
    def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a @ b

    a = torch.rand(2, 2)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert product(a, a).dtype == torch.float32
        assert (a @ a).dtype == torch.bfloat16
