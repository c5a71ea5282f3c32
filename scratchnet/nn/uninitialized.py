"""Parameters and buffers whose shape isn't known yet: what lazy layers hold until they see an input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from scratchnet import dtypes
from scratchnet.autograd.core import Counter
from scratchnet.device import device as Device
from scratchnet.nn.parameter import Parameter
from scratchnet.ops.creation import empty
from scratchnet.tensor import Tensor

NO_VALUES = (
    "Attempted to use an uninitialized parameter. This error happens when you are using a lazy module: call it with a "
    "dummy batch first, which gives its parameters a shape"
)
NO_SHAPE = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
    "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
    "parameters before accessing their attributes."
)


class UninitializedTensorMixin(Tensor):
    """A tensor with a dtype and no values. Any use of its values raises ValueError, of its shape RuntimeError."""

    cls_to_become: ClassVar[type[Tensor]] = Tensor

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        like = empty(0, device=device, dtype=dtype)
        self._dtype, self._place = like.dtype, like.device
        self._counter = Counter()
        self._requires_grad = requires_grad

    @property
    def array(self) -> Any:
        raise ValueError(NO_VALUES)

    @property
    def shape(self) -> Any:
        raise RuntimeError(NO_SHAPE)

    @property
    def dtype(self) -> dtypes.dtype:
        return self._dtype

    @property
    def device(self) -> Device:
        return self._place

    def is_floating_point(self) -> bool:
        return self._dtype.is_floating_point

    def detach(self) -> Tensor:
        """Itself: there is nothing to share."""
        return self

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Become an ordinary parameter or buffer of this shape, its values not set. Equals torch's method."""
        place = self._place if device is None else device
        array = empty(tuple(shape), device=place, dtype=dtype or self._dtype).array
        del self._dtype, self._place
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self.array = array  # type: ignore[misc]

    def convert(self, fn: Callable[[Tensor], Tensor]) -> None:
        """Take the dtype and device that `fn` gives a tensor of this one's: Module.double(), Module.cuda(), ..."""
        like = fn(empty(0, dtype=self._dtype, device=self._place))
        self._dtype, self._place = like.dtype, like.device

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> Any:
        return type(self), (self._requires_grad, self._place, self._dtype)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._requires_grad, self._place, self._dtype)
        return memo[id(self)]


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter without a shape. Equals torch.nn.UninitializedParameter."""

    cls_to_become = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(requires_grad, device, dtype)


class UninitializedBuffer(UninitializedTensorMixin):
    """A buffer without a shape. Equals torch.nn.UninitializedBuffer."""


def is_lazy(value: Any) -> bool:
    """Whether it is an uninitialized parameter or buffer. Equals torch.nn.parameter.is_lazy."""
    return isinstance(value, UninitializedTensorMixin)
