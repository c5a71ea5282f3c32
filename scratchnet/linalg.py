"""torch.linalg: norms."""

from scratchnet.ops.norms import linalg_norm as norm
from scratchnet.ops.norms import matrix_norm, vector_norm

__all__ = ["matrix_norm", "norm", "vector_norm"]
