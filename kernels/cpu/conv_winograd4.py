"""Winograd's convolution by tiles of 4x4 places."""

from scratchnet.kernels.cpu.winograd.convolution import Winograd

_algorithm = Winograd(outputs=4)
supports, forward = _algorithm.supports, _algorithm.forward
grad_input, grad_weight = _algorithm.grad_input, _algorithm.grad_weight
grad_parameters = _algorithm.grad_parameters
