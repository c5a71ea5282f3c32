"""torch.nn's modules: layers, containers, losses, `init` and `functional`."""

from scratchnet.nn import functional, grad, init
from scratchnet.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from scratchnet.nn.container import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from scratchnet.nn.conv import Conv2d, ConvTranspose2d, Fold, Unfold
from scratchnet.nn.dropout import Dropout, Dropout2d
from scratchnet.nn.flatten import Flatten, Unflatten
from scratchnet.nn.hooks import (
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from scratchnet.nn.linear import Identity, Linear
from scratchnet.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from scratchnet.nn.module import Module
from scratchnet.nn.norm import BatchNorm1d, BatchNorm2d
from scratchnet.nn.padding import CircularPad2d, ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from scratchnet.nn.parameter import Buffer, Parameter
from scratchnet.nn.pool import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d

__all__ = [
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "CircularPad2d",
    "ConstantPad2d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "Fold",
    "Identity",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ParameterDict",
    "ParameterList",
    "ReLU",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Unflatten",
    "Unfold",
    "ZeroPad2d",
    "functional",
    "grad",
    "init",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]
