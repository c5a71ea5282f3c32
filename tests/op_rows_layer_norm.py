"""Rows of layer_norm, group_norm, instance_norm, rms_norm and local_response_norm."""

from typing import Any

from op_table import Row, bad, const, fn, ints, pos, row


def affine(name: str, label: str, x: tuple[int, ...], c: tuple[int, ...], used: str = "wb", **kwargs: Any) -> Row:
    """The norm of x with weight and bias, or one of them."""

    def f(T: Any, F: Any, x: Any, *rest: Any) -> Any:
        given = dict(zip([key for key in ("weight", "bias") if key[0] in used], rest, strict=True))
        return getattr(F, name)(x, **kwargs, **given)

    return row(f"{name}: {label}", f, x, *[c] * len(used), covers=(f"F.{name}",), long_sum=True)


def instance(label: str, x: tuple[int, ...], used: str = "wb", running: bool = True, **kwargs: Any) -> Row:
    """instance_norm of x, then the running mean and variance."""

    def f(T: Any, F: Any, x: Any, mean: Any, var: Any, *rest: Any) -> Any:
        given = dict(zip([key for key in ("weight", "bias") if key[0] in used], rest, strict=True))
        mean, var = mean.clone(), var.clone()
        stats = (mean, var) if running else (None, None)
        return F.instance_norm(x, *stats, **given, **kwargs), mean, var

    options: dict[str, Any] = {"long_sum": True, "memory": False}
    return row(f"instance_norm: {label}", f, x, const((3,)), const(pos((3,))), *[(3,)] * len(used), **options)


ROWS = [
    affine("layer_norm", "last", (4, 5), (5,), normalized_shape=(5,)),
    affine("layer_norm", "last two", (2, 3, 4, 5), (4, 5), normalized_shape=(4, 5)),
    affine("layer_norm", "all", (4, 5), (4, 5), normalized_shape=[4, 5], eps=0.1),
    affine("layer_norm", "plain", (4, 5), (5,), used="", normalized_shape=(5,)),
    affine("layer_norm", "weight", (4, 5), (5,), used="w", normalized_shape=(5,)),
    affine("layer_norm", "long", (6, 300), (300,), normalized_shape=(300,)),
    affine("layer_norm", "many", (300, 6), (6,), normalized_shape=(6,)),
    affine("group_norm", "2 groups", (2, 4, 3, 5), (4,), num_groups=2),
    affine("group_norm", "1 group", (2, 4, 3), (4,), num_groups=1, eps=0.1),
    affine("group_norm", "each channel", (2, 4, 3, 2, 2), (4,), num_groups=4),
    affine("group_norm", "rank 2", (3, 4), (4,), num_groups=2),
    affine("group_norm", "plain", (2, 4, 3), (4,), used="", num_groups=2),
    affine("group_norm", "weight", (2, 4, 3), (4,), used="w", num_groups=2),
    *[instance(f"rank {len(x)}", x) for x in ((2, 3, 5), (2, 3, 5, 2), (2, 3, 2, 2, 4))],
    instance("plain", (2, 3, 5), used=""),
    instance("weight", (2, 3, 5), used="w"),
    instance("no running statistics", (2, 3, 5), running=False),
    instance("momentum, eps", (2, 3, 5), momentum=0.4, eps=0.1),
    instance("evaluation", (2, 3, 5, 2), use_input_stats=False),
    instance("evaluation, plain", (2, 3, 5, 2), used="", use_input_stats=False),
    affine("rms_norm", "last", (4, 5), (5,), used="w", normalized_shape=(5,)),
    affine("rms_norm", "last two", (2, 3, 4, 5), (4, 5), used="w", normalized_shape=(4, 5), eps=0.1),
    affine("rms_norm", "plain", (4, 5), (5,), used="", normalized_shape=(5,)),
    *[
        fn("local_response_norm", [x], size, strided=len(x) < 5)
        for x in ((2, 6, 4), (2, 6, 4, 3), (2, 6, 2, 2, 3))
        for size in (3, 4)
    ],
    fn("local_response_norm", [(2, 6, 4)], 5, alpha=0.5, beta=0.4, k=2.0),
]

BAD = [
    bad("layer_norm: shape", lambda T, F, x: F.layer_norm(x, (4,)), (2, 3), match="expected input with shape"),
    bad("layer_norm: empty", lambda T, F, x: F.layer_norm(x, ()), (2, 3), match="at least 1-dimensional"),
    bad("layer_norm: int", lambda T, F, x: F.layer_norm(x, 3), (2, 3), match="must be tuple of ints"),
    bad("layer_norm: weight", lambda T, F, x, w: F.layer_norm(x, (3,), w), (2, 3), (2,), match="Expected weight"),
    bad("layer_norm: bias", lambda T, F, x, w: F.layer_norm(x, (3,), None, w), (2, 3), (2,), match="Expected bias"),
    bad("layer_norm: integers", lambda T, F, x: F.layer_norm(x, (3,)), ints((2, 3), 0, 5), match="floating-point"),
    bad("layer_norm: no tensor", lambda T, F: F.layer_norm(3.0, (3,)), match="must be Tensor"),
    bad("layer_norm: dtypes", lambda T, F, x, w: F.layer_norm(x, (3,), w.double()), (2, 3), (3,), match="mixed dtype"),
    bad("group_norm: groups", lambda T, F, x: F.group_norm(x, 2), (2, 3, 4), match="divisible by num_groups"),
    bad("group_norm: rank", lambda T, F, x: F.group_norm(x, 1), (3,), match="at least 2 dimensions"),
    bad("group_norm: one value", lambda T, F, x: F.group_norm(x, 3), (1, 3), match="more than 1 value per channel"),
    bad("group_norm: weight", lambda T, F, x, w: F.group_norm(x, 1, w), (2, 3), (2,), match="Expected weight"),
    bad("group_norm: no groups", lambda T, F, x: F.group_norm(x, 0), (2, 3), match="greater than 0"),
    bad("group_norm: integers", lambda T, F, x: F.group_norm(x, 1), ints((2, 3), 0, 5), match="floating-point"),
    bad("instance_norm: one pixel", lambda T, F, x: F.instance_norm(x), (2, 3, 1), match="more than 1 spatial element"),
    bad(
        "instance_norm: no statistics",
        lambda T, F, x: F.instance_norm(x, use_input_stats=False),
        (2, 3, 4),
        match="def",
    ),
    bad("instance_norm: mean", lambda T, F, x: F.instance_norm(x, T.zeros(2), T.ones(2)), (2, 3, 4), match="contain"),
    bad("rms_norm: shape", lambda T, F, x: F.rms_norm(x, (4,)), (2, 3), match="expected input with shape"),
    bad("rms_norm: weight", lambda T, F, x, w: F.rms_norm(x, (3,), w), (2, 3), (2,), match="Expected weight"),
    bad("local_response_norm: rank", lambda T, F, x: F.local_response_norm(x, 2), (2, 3), match="3D or higher"),
]
