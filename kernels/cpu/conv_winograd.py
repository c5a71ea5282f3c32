"""Winograd's convolution by tiles of 2x2 places."""

from scratchnet.kernels.cpu.winograd.convolution import Winograd

_algorithm = Winograd(outputs=2)
supports, forward = _algorithm.supports, _algorithm.forward
grad_input, grad_weight = _algorithm.grad_input, _algorithm.grad_weight
grad_parameters = _algorithm.grad_parameters
