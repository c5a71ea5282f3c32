"""Division rounded down, and what division leaves: NumPy's functions."""

import numpy as np

floor_divide, remainder, fmod = np.floor_divide, np.remainder, np.fmod
