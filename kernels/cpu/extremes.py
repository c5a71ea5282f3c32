"""Where the extremes are: NumPy's functions."""

import numpy as np

argmax, argmin = np.argmax, np.argmin
