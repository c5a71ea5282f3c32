"""The table of right but awkward layers, that a gradient checker must pass. Written without sight of the checker."""

from awkward_functions import MEMORY, SCALES, STEEP
from awkward_layers import BESIDE, KINKS, LAYERS
from mutants_base import Right

AWKWARD: tuple[Right, ...] = SCALES + STEEP + MEMORY + KINKS + BESIDE + LAYERS
