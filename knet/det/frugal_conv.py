"""A convolution block that remembers little between forward and backward pass."""
from mmcv.cnn import ConvModule
from torch import Tensor
from torch.utils.checkpoint import checkpoint


class FrugalConvModule(ConvModule):
    """Convolution, group norm and activation; for the backward pass, what is cheap is done again.

    Kept are the input and, unless the kernel is 1x1, the output of the
    convolution.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H', W')."""
        if self.conv.kernel_size == (1, 1):
            return checkpoint(super().forward, x, use_reentrant=False, preserve_rng_state=False)
        return checkpoint(lambda y: self.activate(self.norm(y)), self.conv(x), use_reentrant=False,
                          preserve_rng_state=False)
