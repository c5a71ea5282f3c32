"""What ops with several results return: tuples whose parts have names, torch's `torch.return_types`."""

from operator import itemgetter
from typing import Any, ClassVar

from scratchnet.autograd.core import Tensor


class Result(tuple[Tensor, ...]):
    """A tuple of tensors whose parts are attributes too; made from one sequence, as torch's are."""

    fields: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, parts: Any) -> "Result":
        parts = tuple(parts)
        if len(parts) != len(cls.fields):
            raise TypeError(f"{cls.__name__}: takes a sequence of length {len(cls.fields)}, not {len(parts)}")
        return super().__new__(cls, parts)

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={part!r}" for name, part in zip(self.fields, self, strict=True))
        return f"scratchnet.return_types.{type(self).__name__}(\n{parts})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self),)


def _kind(name: str, *fields: str) -> Any:
    members: dict[str, Any] = {"__doc__": f"The result of torch.{name}: {', '.join(fields)}.", "fields": fields}
    for index, field in enumerate(fields):
        members[field] = property(itemgetter(index))
    return type(name, (Result,), {**members, "__module__": __name__})


max, min, median, sort, topk = (_kind(name, "values", "indices") for name in "max min median sort topk".split())
aminmax = _kind("aminmax", "min", "max")
