"""Rows of the activations written over their input."""

from typing import Any

from op_table import Bad, Row, bad, row, vals

X = (3, 4)
EDGES = vals([[0.0, -0.0, 1.0, -1.0], [float("inf"), -float("inf"), float("nan"), 0.5]])
NAMES: dict[str, tuple[Any, ...]] = {
    "relu_": (),
    "elu_": (0.7,),
    "selu_": (),
    "celu_": (1.3,),
    "leaky_relu_": (0.2,),
    "rrelu_": (0.1, 0.4),
    "hardtanh_": (-0.5, 0.5),
    "threshold_": (0.1, 2.0),
}


def step(name: str, *args: Any, given: Any = X, label: str = "", **options: Any) -> Row:
    """y = x * 1; z = F.name_(y): its value and gradient, and that z is y."""

    def f(T: Any, F: Any, x: Any) -> Any:
        y = x * 1
        z = getattr(F, name)(y, *args)
        return z * x, y, z is y

    return row(f"F.{name}{args}{label}", f, given, **options)


def leaf(name: str, args: tuple[Any, ...]) -> Bad:
    """A leaf that requires grad."""
    f = lambda T, F, x: getattr(F, name)(x.requires_grad_(), *args)  # noqa: E731
    return bad(f"{name}: leaf", f, X, match="leaf Variable")


def torch_step(name: str, *args: Any) -> Row:
    """The same by the name that torch itself shows."""
    return row(f"T.{name}{args}", lambda T, F, x: getattr(T, name)(x * 1, *args), X)


ROWS = [
    *[step(name, *args) for name, args in NAMES.items()],
    *[  # at kinks torch's second derivatives in place differ from its own out of place
        step(name, *args, given=EDGES, label=" edges", order=1) for name, args in NAMES.items() if name != "rrelu_"
    ],
    *[step(name) for name in ("elu_", "celu_", "leaky_relu_", "rrelu_", "hardtanh_")],
    step("rrelu_", 0.1, 0.4, True, seeded=True),
    *[torch_step(name, *NAMES[name]) for name in ("relu_", "selu_", "celu_", "rrelu_", "threshold_")],
]
BAD = [
    *[leaf(name, args) for name, args in NAMES.items()],
    *[
        bad(f"{name}: list", lambda T, F, x, name=name, args=args: getattr(F, name)([1.0], *args), X, match="Tensor")
        for name, args in NAMES.items()
    ],
]
