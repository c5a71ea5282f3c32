"""GPUs as devices: which there are, moving to them, making tensors there, printing, and what is refused."""

import inspect
import pickle
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from devices import two_gpus
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet import printing
from scratchnet.kernels.cuda import driver


def test_what_is_there(gpu: str) -> None:
    cuda = sn.cuda
    assert cuda.is_available()
    assert cuda.is_initialized()
    assert cuda.device_count() >= 1
    assert cuda.current_device() == 0
    found = cuda.get_device_properties("cuda:0")
    assert (found.name, (found.major, found.minor)) == (cuda.get_device_name(0), cuda.get_device_capability())
    assert found.total_memory > 1 << 30
    assert found.warp_size == 32
    assert cuda.is_tf32_supported() is (found.major >= 8)
    assert not cuda.is_bf16_supported()
    cuda.synchronize()


def test_the_current_device(gpu: str) -> None:
    two_gpus()
    cuda = sn.cuda
    with cuda.device(1):
        assert cuda.current_device() == 1
        assert sn.ones(2, device="cuda").device == sn.device("cuda:1")
        with cuda.device("cuda:0"), cuda.device(-1), cuda.device(None):
            assert cuda.current_device() == 0
        assert cuda.current_device() == 1
        with pytest.raises(KeyError), cuda.device(0):
            raise KeyError
        assert cuda.current_device() == 1
    assert cuda.current_device() == 0
    with cuda.device_of(sn.ones(1, device="cuda:1")):
        assert cuda.current_device() == 1
    with cuda.device_of(sn.ones(1)):
        assert cuda.current_device() == 0
    cuda.set_device("cuda:1")
    cuda.set_device(-1)
    assert cuda.current_device() == 1
    cuda.set_device(0)
    assert cuda.can_device_access_peer(0, 1) in (True, False)


@pytest.mark.parametrize(
    ("program", "error", "words"),
    [
        (lambda: sn.zeros(2, device="cuda:9"), RuntimeError, r"zeros: device \(=cuda:9\) .*invalid device ordinal"),
        (lambda: sn.cuda.set_device(9), RuntimeError, "invalid device ordinal"),
        (lambda: sn.cuda.get_device_name(9), RuntimeError, "do you have enough GPUs"),
        (lambda: sn.cuda.synchronize(-1), RuntimeError, "Device index must not be negative"),
        (lambda: sn.cuda.set_device("cpu"), ValueError, "Expected a cuda device, but got: cpu"),
        (lambda: sn.cuda.device([1]), TypeError, "must be a device, an int or a text, not list"),
        (lambda: sn.cuda.get_device_name("tpu"), RuntimeError, "Expected one of cpu, cuda"),
        (lambda: sn.ones(2).to("xpu"), RuntimeError, "has no backend in this version; use 'cpu' or 'cuda'"),
        (lambda: sn.ones(2).cuda("cpu:x"), RuntimeError, "Invalid device string"),
    ],
)
def test_devices_that_are_not_there(gpu: str, program: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        program()


def _missing() -> Any:
    raise ModuleNotFoundError("No module named 'cupy'", name="cupy")


def _broken() -> Any:
    raise ImportError("libcuda.so.1: cannot open shared object file")


def _without_gpu() -> Any:
    def none() -> int:
        raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")

    return types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=types.SimpleNamespace(getDeviceCount=none)))


USES: list[Callable[[], Any]] = [
    lambda: sn.ones(2).cuda(),
    lambda: sn.zeros(2, device="cuda"),
    lambda: sn.nn.Linear(1, 1).to("cuda:0"),
    lambda: sn.cuda.current_device(),
    lambda: sn.cuda.synchronize(),
    lambda: sn.cuda.Stream(),
    lambda: sn.cuda.Event(),
    lambda: sn.cuda.get_device_properties(0),
    lambda: sn.cuda.mem_get_info(),
]


@pytest.mark.parametrize("use", range(len(USES)))
@pytest.mark.parametrize(
    ("library", "error", "words"),
    [
        (_missing, AssertionError, r"Torch not compiled with CUDA enabled.*CuPy, which is not installed; .*\[cuda12\]"),
        (
            _broken,
            RuntimeError,
            r"the installed CuPy is broken \(libcuda.*\); install it with: pip install 'scratchnet",
        ),
        (_without_gpu, RuntimeError, r"No CUDA GPUs are available \(cudaErrorNoDevice.*\); use device='cpu'"),
    ],
)
def test_without_gpus(monkeypatch: Any, library: Any, error: type[Exception], words: str, use: int) -> None:
    """torch's types; one sentence with the mend."""
    monkeypatch.setattr(driver, "cupy", library)
    assert not sn.cuda.is_available()
    assert sn.cuda.device_count() == sn.cuda.memory_allocated() == sn.cuda.max_memory_reserved() == 0
    sn.cuda.reset_peak_memory_stats()
    with pytest.raises(error, match=words) as raised:
        USES[use]()
    assert "\n" not in str(raised.value)


def test_moving_keeps_values_strides_and_identity(gpu: str) -> None:
    x = sn.arange(24, dtype=sn.float64).reshape(2, 3, 4).permute(2, 0, 1)
    y = x.to("cuda")
    assert (y.device, y.is_cuda, y.is_cpu, y.get_device(), x.get_device()) == (sn.device("cuda:0"), True, False, 0, -1)
    assert y.stride() == x.stride()
    assert y.tolist() == x.tolist()
    assert y.cuda() is y.to("cuda:0") is y.to(y) is y.cuda(non_blocking=True) is y
    assert x.cuda(0, True).tolist() == x.to("cuda", non_blocking=True).tolist() == x.tolist()
    with pytest.raises(RuntimeError, match="Invalid device, must be cuda device; use .cpu"):
        y.cuda("cpu")
    assert x.cpu() is x
    assert y.to("cuda", copy=True) is not y
    both = x.to("cuda", sn.float32)
    assert (both.dtype, both.device.type) == (sn.float32, "cuda")
    assert both.to(x).dtype == sn.float64
    assert y.cpu().stride() == x.stride()
    for value in (sn.tensor(3), sn.zeros(0, 2), sn.ones(1, dtype=sn.bool)):
        assert value.to("cuda").cpu().tolist() == value.tolist()
        assert value.to("cuda").shape == value.shape


def test_moving_between_two_devices(gpu: str) -> None:
    two_gpus()
    x = sn.arange(6.0).reshape(2, 3).T.to("cuda:0")
    y = x.to("cuda:1")
    assert str(y.device) == "cuda:1"
    assert y.stride() == x.stride()
    assert y.tolist() == x.tolist()
    x.zero_()
    assert y[2, 1].item() == 5.0
    assert sn.tensor(2.0, device="cuda:1").to("cuda:0").item() == 2.0
    y.copy_(sn.ones(3, 2))
    assert y.sum().item() == 6.0
    with pytest.raises(RuntimeError, match="found at least two devices, cuda:0 and cuda:1!"):
        x + y


def test_numbers_and_texts_of_a_tensor_on_a_gpu(gpu: str) -> None:
    x = sn.tensor([1.5], device="cuda")
    n = sn.tensor(3, device="cuda")
    assert (x.item(), float(x), int(n), bool(n), f"{n:03d}", [10, 20, 30, 40][n]) == (1.5, 1.5, 3, True, "003", 40)
    assert x.tolist() == [1.5]
    assert 1.5 in x
    assert 2.5 not in x
    assert len(x) == 1
    assert [v.item() for v in x] == [1.5]
    assert isinstance(x.data_ptr(), int)
    assert x.data_ptr() != 0
    assert sn.tensor([x[0], 2.0]).tolist() == [1.5, 2.0]
    with pytest.raises(
        TypeError, match=r"can't convert cuda:0 device type tensor to numpy\. Use Tensor\.cpu\(\) to copy"
    ):
        x.requires_grad_().numpy()
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        np.asarray(x)
    assert x.numpy(force=True).tolist() == [1.5]
    for wrong in (sn.ones(2, device="cuda"), sn.ones(0, device="cuda")):
        with pytest.raises(RuntimeError, match="ambiguous"):
            bool(wrong)


MADE: dict[str, Callable[[Any], Any]] = {
    "zeros": lambda d: sn.zeros(2, 3, device=d),
    "ones": lambda d: sn.ones((2, 3), dtype=sn.int32, device=d),
    "full": lambda d: sn.full((2,), 7, device=d),
    "full of a tensor": lambda d: sn.full((2,), sn.tensor(2.5, device=d), device=d),
    "arange": lambda d: sn.arange(1, 10, 3, device=d),
    "arange of floats": lambda d: sn.arange(0.5, 2, 0.25, device=d),
    "linspace": lambda d: sn.linspace(0, 1, 5, device=d),
    "eye": lambda d: sn.eye(2, 3, device=d),
    "tensor": lambda d: sn.tensor([[1, 2], [3, 4]], device=d),
    "as_tensor": lambda d: sn.as_tensor([1.0, 2.0], device=d),
    "as_tensor of an array": lambda d: sn.as_tensor(np.arange(3), device=d),
    "tensor of a tensor": lambda d: sn.tensor(sn.arange(3).to(d)),
    "as_tensor of a tensor": lambda d: sn.as_tensor(sn.arange(3).to(d), dtype=sn.float64),
    "zeros_like": lambda d: sn.zeros_like(sn.ones(2, 3).T.to(d)),
    "ones_like": lambda d: sn.ones_like(sn.ones(2, 3).T, device=d),
    "full_like": lambda d: sn.full_like(sn.ones(2, dtype=sn.int64).to(d), 3),
    "new_zeros": lambda d: sn.ones(1, dtype=sn.float16, device=d).new_zeros(2),
    "new_ones": lambda d: sn.ones(1, device=d).new_ones((2, 1)),
    "new_full": lambda d: sn.ones(1, device=d).new_full((2,), 4),
    "new_tensor": lambda d: sn.ones(1, device=d).new_tensor([1, 2]),
}
SHAPES: dict[str, Callable[[Any], Any]] = {
    "empty": lambda d: sn.empty(2, 3, device=d),
    "empty_like": lambda d: sn.empty_like(sn.ones(2, 3).T.to(d)),
    "empty_strided": lambda d: sn.empty_strided((2, 3), (1, 4), device=d),
    "new_empty": lambda d: sn.ones(1, device=d).new_empty(3),
    "rand": lambda d: sn.rand(3, device=d),
    "randn": lambda d: sn.randn(2, 2, device=d),
    "randint": lambda d: sn.randint(5, (3,), device=d),
    "randperm": lambda d: sn.randperm(4, device=d),
}


@pytest.mark.parametrize("name", [*MADE, *SHAPES])
def test_made_on_the_device(gpu: str, name: str) -> None:
    make = MADE.get(name) or SHAPES[name]
    place = "cuda:1" if sn.cuda.device_count() > 1 else "cuda:0"
    made, expected = make(place), make("cpu")
    assert str(made.device) == place
    assert (made.dtype, made.shape, made.stride()) == (expected.dtype, expected.shape, expected.stride())
    assert name in SHAPES or made.tolist() == expected.tolist()
    assert sn.cuda.current_device() == 0


def test_the_default_device(gpu: str) -> None:
    try:
        sn.set_default_device("cuda")
        assert sn.get_default_device() == sn.device("cuda:0")
        assert sn.zeros(1).is_cuda
        assert sn.tensor(sn.ones(1, device="cpu")).is_cuda
        assert sn.as_tensor(sn.ones(1, device="cpu")).is_cuda
        assert sn.from_numpy(np.ones(1)).is_cpu
        assert sn.zeros_like(sn.ones(1, device="cpu")).is_cpu
        assert sn.ones(1, device="cpu").new_ones(2).is_cpu
        assert sn.nn.Linear(2, 1).weight.is_cuda
        with sn.device("cpu"):
            assert sn.ones(1).is_cpu
            assert sn.tensor(sn.ones(1, device="cuda")).is_cpu
            assert sn.as_tensor(sn.ones(1, device="cuda")).is_cpu
            assert sn.get_default_device() == sn.device("cpu")
        assert sn.ones(1).is_cuda
        sn.set_default_device(None)
        assert sn.ones(1).is_cpu
        with sn.device("cuda:0"):
            assert sn.ones(1).is_cuda
    finally:
        sn.set_default_device(None)


def outcome(engine: Any, program: Callable[[Any], Any]) -> Any:
    """What the program gives, or the type of what it raises."""
    try:
        return program(engine)
    except Exception as error:
        return type(error)


TEXTS = [
    "cpu",
    "cuda",
    "cuda:0",
    "cuda:11",
    "meta",
    "mps:0",
    "",
    "cuda:",
    "cuda:-1",
    "cuda:01",
    "cuda:x",
    "gpu",
    "cuda:1:2",
]


@needs_torch
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("index", [(), (0,), (3,), (-1,), ("0",)])
def test_device_objects_are_torch_s(text: str, index: tuple[Any, ...]) -> None:
    def program(engine: Any) -> Any:
        made = engine.device(text, *index)
        again = engine.device(made)
        facts = [made.type, made.index, str(made), repr(made), again == made, hash(again) == hash(made)]
        return [*facts, made == engine.device("cuda:0"), made != engine.device("cpu"), made == text]

    assert outcome(sn, program) == outcome(torch, program)


@needs_torch
@pytest.mark.parametrize(
    "program",
    [
        lambda T: T.device(),
        lambda T: T.device(None),
        lambda T: T.device(1.5),
        lambda T: T.device(T.device("cpu"), 0),
        lambda T: T.device("cuda", 1) in {T.device("cuda:1"): 1},
        lambda T: str(pickle.loads(pickle.dumps(T.device("cuda", 1)))),
        lambda T: setattr(T.device("cpu"), "index", 1),
        lambda T: str(T.device(type="cuda", index=2)),
        lambda T: T.zeros(1, device="cpu").device == T.device("cpu"),
        lambda T: T.zeros(1, device=T.device("cpu")).device.index,
        lambda T: T.zeros(1).to(T.device("cpu")).device.type,
        lambda T: T.zeros(1, device=[1]),
        lambda T: T.zeros(1).to(device="nowhere"),
    ],
)
def test_device_arguments_are_torch_s(program: Callable[[Any], Any]) -> None:
    assert outcome(sn, program) == outcome(torch, program)


@needs_torch
def test_names_and_parameters_are_torch_s() -> None:
    """Every public name of ours is torch.cuda's, and takes no parameter that torch's doesn't."""
    for name in sn.cuda.__all__:
        ours, theirs = getattr(sn.cuda, name), getattr(torch.cuda, name)
        if not isinstance(ours, type):
            assert set(inspect.signature(ours).parameters) <= set(inspect.signature(theirs).parameters), name


@needs_torch
@pytest.mark.parametrize(
    "program",
    [
        lambda T: (T.set_default_device("cpu"), T.get_default_device().type, T.set_default_device(None)),
        lambda T: T.set_default_device(3.5),
        lambda T: T.set_default_device("cpu:7:1"),
        lambda T: T.zeros(1).get_device(),
        lambda T: T.zeros(1).is_pinned(),
        lambda T: T.zeros(1).pin_memory(),
        lambda T: T.zeros(1).__cuda_array_interface__,
        lambda T: T.zeros(1).__dlpack__(stream=1),
        lambda T: T.zeros(1).cuda(),
        lambda T: T.backends.cuda.matmul.nonsense,
        lambda T: setattr(T.backends.cuda.matmul, "allow_tf32", 1),
        lambda T: setattr(T.backends.cudnn, "benchmark", "yes"),
        lambda T: (T.backends.cudnn.is_available(), T.backends.cudnn.version(), T.backends.cudnn.enabled),
        lambda T: (T.backends.cuda.matmul.allow_tf32, T.backends.cudnn.benchmark, T.backends.cudnn.deterministic),
    ],
)
def test_as_torch_without_a_gpu(monkeypatch: Any, program: Callable[[Any], Any]) -> None:
    """The same results, or the same types of exceptions, as torch built for the CPU."""
    monkeypatch.setattr(driver, "cupy", _missing)
    assert outcome(sn, program) == outcome(torch, program)


@needs_torch
@pytest.mark.parametrize("shape", [(), (3,), (40,), (2, 0), (30, 50)])
@pytest.mark.parametrize("grad", [False, True])
def test_printing_names_the_device(monkeypatch: Any, shape: tuple[int, ...], grad: bool) -> None:
    """torch leaves the default device out: for it that is made another, so that it prints the CPU's name."""
    monkeypatch.setattr(torch._C, "_get_default_device", lambda: "cuda")
    array = np.random.default_rng(0).standard_normal(shape)
    theirs = repr(torch.tensor(array, requires_grad=grad)).replace("=torch.", "=scratchnet.").replace("'cpu'", "'gpu'")
    assert printing.tensor_repr(array, requires_grad=grad, place="gpu") == theirs


def test_printing_on_a_gpu(gpu: str) -> None:
    x = sn.ones(2, dtype=sn.float64, device="cuda", requires_grad=True)
    assert repr(x) == "tensor([1., 1.], device='cuda:0', dtype=scratchnet.float64, requires_grad=True)"
    assert repr(x * 2).endswith("grad_fn=<MulBackward0>)")
    assert f"{sn.tensor(2.5, device='cuda'):.2f}" == "2.50"
    assert repr(sn.tensor(2, device="cuda")) == "tensor(2, device='cuda:0')"


def test_what_is_refused_between_devices(gpu: str) -> None:
    here, there = sn.ones(2), sn.ones(2, device="cuda")
    with pytest.raises(
        RuntimeError, match=r"Add: x is on cpu.*same device, but found at least two devices, cuda:0 and cpu!.*\.to\("
    ):
        here + there
    with pytest.raises(RuntimeError, match="same device"):
        here.add_(there)
    with pytest.raises(RuntimeError, match="grid_sample: grid .* same device"):
        sn.nn.functional.grid_sample(there.reshape(1, 1, 1, 2), sn.zeros(1, 1, 1, 2), align_corners=False)
    with pytest.raises(RuntimeError, match="masked_select: mask .* same device"):
        there.masked_select(here > 0)
    with pytest.raises(RuntimeError, match=r"arrays\[2\] is on cpu.*same device"):
        sn.cat([there, there, here])
    with pytest.raises(RuntimeError, match="gradient with device type 'cpu' to a tensor with device type 'cuda:0'"):
        there.grad = here
    with pytest.raises(RuntimeError, match=r"cannot pin 'scratchnet.cuda.FloatTensor' only dense CPU tensors"):
        there.pin_memory()
    with pytest.raises(NotImplementedError, match="must be on a GPU"):
        here.record_stream(sn.cuda.current_stream())
    assert (there + sn.tensor(2.0)).tolist() == [3.0, 3.0]
    assert (sn.tensor(2.0) * there).is_cuda
    with pytest.raises(RuntimeError, match="same device"):
        sn.tensor(2.0).add_(there.sum())


def test_an_index_lies_with_its_tensor_or_on_the_cpu(gpu: str) -> None:
    two_gpus()
    x, elsewhere = sn.arange(3.0, device="cuda:0"), sn.tensor([2, 0], device="cuda:1")
    assert x[elsewhere.cpu()].tolist() == [2, 0]
    for refused in (lambda: x[elsewhere], lambda: x.__setitem__(elsewhere, 0.0), lambda: x.cpu()[elsewhere]):
        with pytest.raises(RuntimeError, match=r"index \(=on cuda:1\) indices should be either on cpu or on the same"):
            refused()
    assert x.tolist() == [0, 1, 2]


def test_a_kernel_that_does_not_compile(gpu: str) -> None:
    from scratchnet.kernels.cuda import launch

    class Broken(launch.Program):
        def expressions(self, types: tuple[str, ...], index: str) -> dict[str, str]:
            return {"relu": "no_such_kernel<float, int>"}

    program = Broken("activation", {"relu": launch.FLOATS})
    x = driver.cupy().zeros(4, np.float32)
    with pytest.raises(RuntimeError, match=r"no_such_kernel.* of activation\.cu .*--std=c\+\+17") as raised:
        program.launch("relu", ("float32",), 4, x, x, 4)
    log = str(raised.value).split("log:\n")[1]
    assert "no_such_kernel" in log
    assert sn.ones(3, device="cuda").relu().tolist() == [1.0, 1.0, 1.0]
