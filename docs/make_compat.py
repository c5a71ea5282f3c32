"""Writes compat.md: which of PyTorch's public names scratchnet has, and which it lacks. Needs both installed.

Run: python docs/make_compat.py
"""

import os
import re
from importlib import import_module
from pathlib import Path

import torch

MODULES = {  # torch's module: ours
    "torch": "scratchnet",
    "torch.Tensor": "scratchnet.Tensor",
    "torch.cuda": "scratchnet.cuda",
    "torch.autograd": "scratchnet.autograd",
    "torch.linalg": "scratchnet.linalg",
    "torch.nn": "scratchnet.nn",
    "torch.nn.functional": "scratchnet.nn.functional",
    "torch.nn.init": "scratchnet.nn.init",
    "torch.nn.utils": "scratchnet.nn.utils",
    "torch.optim": "scratchnet.optim",
    "torch.optim.lr_scheduler": "scratchnet.optim.lr_scheduler",
    "torch.utils.data": "scratchnet.data",
}
INTRODUCTION = """# PyTorch's names

Which public names of PyTorch {version} scratchnet has, and which it lacks, module by module. A name that is there
equals torch's, or refuses by name what it can't do. Not counted as lacking: modules and type variables; torch's own
classes but Tensor, Size and Generator; kernels of single libraries (`cudnn_*`, `mkldnn_*`, `quantized_*` and the like),
sparse and quantised tensors, symbolic shapes (`sym_*`), copies of views (`*_copy`), autocast, and the helpers of
TorchScript and of dispatch. Written by `docs/make_compat.py`.

"""
LEFT_OUT = re.compile(
    r"""^(cudnn|miopen|mkldnn|fbgemm|quantized|fake_quant|sym|q|import_ir|parse|to_sparse|is_autocast)_
    | (?<!index)_copy$ | autocast | sparse | quantize | _quant$ | vulkan | torch_function | mkldnn | memory_format
    | ^(bits\d|qu?int\d|float[48]_|u?int[1-7]$|bit$|complex32$|chalf$|coalesce$|qscheme$|int_repr$|type_comment)
    | type_comment | _notes$ | _MODES$ | ^Broadcasting | datapipe | DataPipe | runtime_validation
    | ^(fork|wait|typename|unify_type_list|thread_safe_generator|init_num_threads|const_data_ptr|factory_kwargs)$
    | ^((ds|hs|hsp|s|sp|sadd|sspadd)mm|values|(c?col_|c?row_|ccol_|crow_)?indices|dense_dim|is_coalesced|smm)$
    | ^(is|has)_(ipu|maia|mps|mtia|xla|xpu|storage|distributed|lapack|mkl|openmp|spectral)$ | ^(ipu|mtia|xpu|volatile)$
    | ^(assert_int_or_pair|boolean_dispatch|TYPE_CHECKING|DType|Callable|ScalingType|SwizzleType|DataChunk)$
    | ^(NestedIOFunction|argument_validation|non_deterministic|untyped_storage|storage|storage_type|record_stream)$""",
    re.VERBOSE,
)


def find(path: str) -> object | None:
    """The module or class at a dotted path, None where there is none."""
    head, _, last = path.rpartition(".")
    try:
        return import_module(path)
    except ImportError:
        return getattr(import_module(head), last, None) if head else None


def public_names(place: object) -> list[str]:
    """The functions, classes and values that a module or class shows."""
    listed = getattr(place, "__all__", None) or dir(place)
    found = []
    for name in listed:
        value = getattr(place, name, None)
        noise = type(value).__name__ in ("module", "TypeVar", "NoneType", "_SpecialForm", "_Feature")
        compiler = place is torch and name[0].isupper() and name not in ("Tensor", "Size", "Generator")
        if not name.startswith("_") and not noise and not compiler:
            found.append(name)
    return sorted(set(found))


def main() -> None:
    """Write the page beside this script, under a temporary name first."""
    text = [INTRODUCTION.format(version=torch.__version__.split("+")[0])]
    rows, lists = ["| module | there | lacking |", "|---|---|---|"], []
    for theirs, ours in MODULES.items():
        place = find(ours)
        names = [n for n in public_names(find(theirs) or torch) if hasattr(place, n) or not LEFT_OUT.search(n)]
        lacking = [f"`{name}`" for name in names if not hasattr(place, name)]
        in_place = [name for name in lacking if name.endswith("_`")]
        others = [name for name in lacking if name not in in_place]
        rows.append(f"| `{theirs}` | {len(names) - len(lacking)} | {len(lacking)} |")
        lists.append(f"## `{theirs}` lacks\n\n{', '.join(others) or 'nothing'}\n")
        if in_place:
            lists.append(f"In place: {', '.join(in_place)}\n")
    text += ["\n".join(rows), "\n\n", "\n".join(lists)]
    page = Path(__file__).with_name("compat.md")
    draft = page.with_suffix(".tmp")
    draft.write_text("".join(text), encoding="utf-8")
    os.replace(draft, page)


if __name__ == "__main__":
    main()
