"""The kernels of conv_implicit on tensor cores, which round float32 to TF32. Where they may be used tf32.py says."""

from scratchnet.kernels.cuda.launch import Program

TILES = {"large": (128, 128), "small": (64, 64)}  # rows and places of a block's: as at the end of tensor_conv.cu

_FUNCTIONS = ("forward", "grad_input", "grad_weight")
PROGRAM = Program("tensor_conv", {f"{name}_{tile}": (("float32",),) for name in _FUNCTIONS for tile in TILES})
