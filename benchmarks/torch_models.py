"""The nine nets in torch, by name."""

from scratchnet.bench.torch_nets import TWINS

__all__ = ["TWINS"]
