"""Saving and loading: PyTorch's own files (`save`, `load`), `.npz` and `.safetensors` (`save_weights`, `load_weights`).

Nothing read from a file is ever executed, and nothing is imported because a file names it.
"""

from scratchnet.serialization.checkpoint import load, save
from scratchnet.serialization.files import atomic
from scratchnet.serialization.weights import load_metadata, load_weights, save_weights

__all__ = ["atomic", "load", "load_metadata", "load_weights", "save", "save_weights"]
