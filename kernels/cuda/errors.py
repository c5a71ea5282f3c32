"""What went wrong when a kernel was compiled, with all that the compiler said."""

from scratchnet.kernels.cuda import driver


def compiler_refused(error: Exception) -> bool:
    """Whether CuPy raised `error` because the compiler refused a kernel."""
    return isinstance(error, driver.cupy().cuda.compiler.CompileException)


def not_compiled(stem: str, expression: str, options: tuple[str, ...], error: Exception) -> RuntimeError:
    """The error to raise: file, instance and options, then the compiler's log. Other kernels go on working."""
    given = " ".join(getattr(error, "options", options))
    return RuntimeError(
        f"CUDA error: the kernel {expression} of {stem}.cu can't be compiled with the options {given}; CuPy and the "
        f"driver must fit each other (see scratchnet.show_config()). The compiler's log:\n{error}"
    )
