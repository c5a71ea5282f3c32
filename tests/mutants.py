"""The table of layers with one bug each in backward, that a gradient checker must refuse.

All of them were written without sight of the checker. The right layers that they derive from are in numpy_layers.py
and numpy_layers_conv.py.
"""

from mutants_activation import ACTIVATION
from mutants_base import Mutant
from mutants_calls import CALLS
from mutants_conv import CONV
from mutants_dense import LINEAR, LOSS
from mutants_pool import NORM, POOL
from mutants_shapes import SHAPES

MUTANTS: tuple[Mutant, ...] = CONV + POOL + NORM + LINEAR + LOSS + SHAPES + ACTIVATION + CALLS

# Wrong as NumPy pairs, but right as an autograd.Function in torch, whose engine sums a gradient to its input's shape
# and casts it to its input's dtype: torch's checker can't be blamed for passing these.
MENDED_BY_TORCH: frozenset[str] = frozenset(
    {
        "conv2d bias not summed",
        "layer_norm bias not summed",
        "linear bias not summed",
        "linear bias keeps an axis",
        "add not summed",
        "linear weight in float32",
        "tanh in float32",
    }
)
