"""In-place ops as steps of a graph: each writes into a tensor made by the row, so that gradients pass through it."""

from typing import Any

from op_table import Bad, Row, bad, ints, mask, pos, row, unit

X = (3, 4)


def step(name: str, *inputs: Any, args: tuple[Any, ...] = (), label: str = "", **options: Any) -> Row:
    """y = x * 1; y.name_(other inputs); y * x: values and gradients of the result, and the returned tensor is y."""

    def f(T: Any, F: Any, x: Any, *others: Any, **kwargs: Any) -> Any:
        y = x * 1
        z = getattr(y, f"{name}_")(*others, *args)
        return z * x, y, z is y

    return row(label or f"{name}_ {args or ''}", f, *(inputs or (X,)), covers=(f"Tensor.{name}_",), **options)


def view_step(name: str, *inputs: Any, args: tuple[Any, ...] = ()) -> Row:
    """The same through a view: the second row and every other column of the tensor."""

    def f(T: Any, F: Any, x: Any, *others: Any) -> Any:
        y = x * 1
        before = y.transpose(0, 1)
        getattr(y[1, ::2], f"{name}_")(*others, *args)
        return y * x, before * 2

    return row(f"{name}_ through a view {args or ''}", f, *(inputs or (X,)), covers=(f"Tensor.{name}_",), zero=())


ROWS: list[Row] = [
    step("add", X, (4,)),
    step("add", args=(2.5,)),
    step("sub", X, X),
    step("sub", args=(1,)),
    step("mul", X, (3, 1)),
    step("mul", args=(-3,)),
    step("div", X, pos(X)),
    step("div", args=(4,)),
    step("pow", pos(X), args=(2,)),
    step("pow", pos(X), X, label="pow_ tensor"),
    step("neg"),
    step("abs"),
    step("sign"),
    step("exp"),
    step("log", pos(X)),
    step("sqrt", pos(X)),
    step("clamp", args=(-0.5, 0.5)),
    step("relu"),
    step("sigmoid"),
    step("tanh", unit(X)),
    step("zero"),
    step("fill", args=(1.5,)),
    step("fill", X, (), label="fill_ tensor"),
    step("copy", X, X),
    step("copy", X, (4,), label="copy_ broadcast"),
    step("copy", X, ints(X, 0, 5), label="copy_ of ints"),
    view_step("add", X, (2,)),
    view_step("mul", X, ()),
    view_step("mul", args=(2,)),
    view_step("zero"),
    view_step("fill", args=(7.0,)),
    view_step("copy", X, (2,)),
    view_step("clamp", args=(-0.1, 0.1)),
    view_step("exp"),
    view_step("neg"),
    row("+= -= *= /=", lambda T, F, x, y: _augmented(x, y), X, pos((4,))),
    row("**=", lambda T, F, x: _powered(x), pos(X)),
    row("&= |= ^=", lambda T, F, m, n: _bits(m, n), mask(X), mask(X), order=0),
    row("ints in place", lambda T, F, n: (n * 1).add_(2).mul_(3), ints(X, 0, 5), order=0),
    row("float32 += float64", lambda T, F, x: (x.float() * 1).add_(x.double()), X, dtypes=("float32",)),
    row("x.add_(x)", lambda T, F, x: _doubled(x), X),
    row("base and view both written", lambda T, F, x, y: _base_and_view(x, y), X, (4,), zero=()),
    row("F.relu: inplace", lambda T, F, x: F.relu(x * 1, inplace=True), X),
]


def _augmented(x: Any, y: Any) -> Any:
    z = x * 1
    z += y
    z *= x
    z -= 0.5
    z /= y
    return z


def _powered(x: Any) -> Any:
    z = x * 1
    z **= 3
    return z


def _bits(m: Any, n: Any) -> Any:
    z = m | False
    z &= n
    z |= m
    z ^= n
    return z


def _doubled(x: Any) -> Any:
    z = x * 1
    z.add_(z)
    return z * x


def _base_and_view(x: Any, y: Any) -> Any:
    z = x * 1
    part = z[1]
    z.mul_(2)
    part.add_(y)
    z.add_(part.clone())
    return z * x, part


BAD: list[Bad] = [
    bad("leaf in place", lambda T, F, x: x.add_(1), X, match="leaf"),
    bad("view of a leaf in place", lambda T, F, x: x[0].zero_(), X, match="leaf"),
    bad("add_: grows", lambda T, F, x, y: (x * 1).add_(y), (4,), X, match="add_"),
    bad("add_: float into ints", lambda T, F, n: (n * 1).add_(0.5), ints(X, 0, 5), match="add_"),
    bad("div_: ints", lambda T, F, n: (n * 1).div_(2), ints(X, 0, 5), match="div_"),
    bad("copy_: shape", lambda T, F, x, y: (x * 1).copy_(y), X, (5,), match="copy_"),
    bad("fill_: many", lambda T, F, x, y: (x * 1).fill_(y), X, (2,), match="fill_"),
    bad("expanded in place", lambda T, F, x: T.zeros(3, 1).expand(3, 4).add_(1), X, match=r"add_|memory"),
    bad("fill_: too large", lambda T, F: T.zeros(2, dtype=T.uint8).fill_(300), match="overflow"),
]
