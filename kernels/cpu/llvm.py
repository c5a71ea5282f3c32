"""LLVM's instructions on vectors, in the few words that the microkernels are written in."""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import types

from scratchnet.kernels.cpu import apart
from scratchnet.kernels.cpu.vectors import HOST

INT, INT32, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)

Body = Callable[["Builder", Sequence[Any]], Any]  # writes a function, given its arguments; gives its result


class Builder:
    """LLVM's builder with the few words that the kernels here are written in; one dtype of numbers and its vectors.

    lanes: of the vectors; as many as the host's have unless given.
    """

    def __init__(self, builder: Any, dtype: Any, lanes: int | None = None) -> None:
        self.b, self.dtype = builder, dtype
        self.number = ir.DoubleType() if dtype == types.float64 else ir.FloatType()
        self.size = dtype.bitwidth // 8
        self.lanes = lanes or HOST.size // self.size
        self.vector = ir.VectorType(self.number, self.lanes)
        self.zero = ir.Constant(self.vector, [0.0] * self.lanes)

    def constant(self, n: int) -> Any:
        return ir.Constant(INT, n)

    def at(self, pointer: Any, *offsets: Any) -> Any:
        """The address so many elements further."""
        for offset in offsets:
            pointer = self.b.gep(pointer, [offset])
        return pointer

    def load(self, pointer: Any) -> Any:
        """A vector."""
        loaded = self.b.load(self.b.bitcast(pointer, self.vector.as_pointer()))
        loaded.align = self.size
        return loaded

    def store(self, vector: Any, pointer: Any) -> None:
        self.b.store(vector, self.b.bitcast(pointer, self.vector.as_pointer())).align = self.size

    def prefetch(self, pointer: Any) -> None:
        """Starts to bring the line to the cache, to be written."""
        byte = self.b.bitcast(pointer, ir.IntType(8).as_pointer())
        flags = [ir.Constant(INT32, n) for n in (1, 3, 1)]  # to write, to be kept, data
        self.intrinsic("llvm.prefetch.p0", ir.VoidType(), [byte, *flags])

    def below(self, count: Any) -> Any:
        """The mask of the first `count` lanes, which is less than 2 ** 31."""
        lanes = ir.VectorType(ir.IntType(8 * self.size), self.lanes)
        count = count if lanes.element == INT else self.b.trunc(count, lanes.element)
        return self.b.icmp_signed("<", ir.Constant(lanes, list(range(self.lanes))), self.spread(count, lanes))

    def load_masked(self, pointer: Any, mask: Any, otherwise: Any = None) -> Any:
        """A vector, of which lanes without the mask aren't read but are those of `otherwise`, or 0."""
        source = self.b.bitcast(pointer, self.vector.as_pointer())
        arguments = [source, ir.Constant(INT32, self.size), mask, otherwise or self.zero]
        return self.intrinsic(f"llvm.masked.load.{self.suffix}.p0{self.suffix}", self.vector, arguments)

    def storing_first(self, count: Any) -> Callable[[Any, Any], None]:
        """What writes the first `count` lanes of a vector, of numbers or of 64-bit integers, to a pointer."""
        if HOST.masks:
            mask = self.below(count)
            return lambda vector, pointer: self._store_masked(vector, pointer, mask)
        whole = self.all_lanes(count)

        def store(vector: Any, pointer: Any) -> None:
            with self.b.if_else(whole) as (all_of_it, some):
                with all_of_it:
                    self._store_lanes(vector, pointer, self.lanes)
                with some:
                    self._store_in_pieces(vector, pointer, count)

        return store

    def _store_masked(self, vector: Any, pointer: Any, mask: Any) -> None:
        suffix, size = (f"v{self.lanes}i64", 8) if vector.type.element == INT else (self.suffix, self.size)
        to = self.b.bitcast(pointer, vector.type.as_pointer())
        arguments = [vector, to, ir.Constant(INT32, size), mask]
        self.intrinsic(f"llvm.masked.store.{suffix}.p0{suffix}", ir.VoidType(), arguments)

    def _store_in_pieces(self, vector: Any, pointer: Any, count: Any) -> None:
        """Half of the lanes, if that many are wanted, then a fourth, and so on: AVX2's masked stores take 40 cycles."""
        b, length = self.b, self.lanes // 2
        while length:
            before = b.block
            with b.if_then(b.icmp_signed("!=", b.and_(count, self.constant(length)), self.constant(0))):
                self._store_lanes(vector, pointer, length)
                further = self.at(pointer, self.constant(length))
                left = self.shuffle(vector, vector, [(i + length) % self.lanes for i in range(self.lanes)])
                inside = b.block
            vector = self.either(left, inside, vector, before)
            pointer = self.either(further, inside, pointer, before)
            length //= 2

    def _store_lanes(self, vector: Any, pointer: Any, count: int) -> None:
        part = vector if count == self.lanes else self.shuffle(vector, vector, range(count))
        kind = part.type.element
        self.b.store(part, self.b.bitcast(pointer, part.type.as_pointer())).align = 8 if kind == INT else self.size

    def shuffle(self, a: Any, b: Any, lanes: Sequence[int]) -> Any:
        """The numbered lanes of a and, after them, b."""
        return self.b.shuffle_vector(a, b, ir.Constant(ir.VectorType(INT32, len(lanes)), list(lanes)))

    def spread(self, number: Any, kind: Any = None) -> Any:
        """The number in all lanes."""
        kind = kind or self.vector
        one = self.b.insert_element(ir.Constant(kind, ir.Undefined), number, ir.Constant(INT32, 0))
        lanes = ir.Constant(ir.VectorType(INT32, kind.count), [0] * kind.count)
        return self.b.shuffle_vector(one, ir.Constant(kind, ir.Undefined), lanes)

    def least(self, relu: Any) -> Any:
        """What numbers are raised to: 0 with `relu`, and without it the least there is."""
        zero, lowest = (ir.Constant(self.number, number) for number in (0.0, float("-inf")))
        return self.spread(self.b.select(relu, zero, lowest))

    def at_least(self, vector: Any, least: Any) -> Any:
        """The vector, with `least` for what is below it. NaN stays."""
        return self.b.select(self.b.fcmp_ordered("<", vector, least), least, vector)

    def all_lanes(self, count: Any) -> Any:
        """Whether so many are all lanes."""
        return self.b.icmp_signed(">=", count, self.constant(self.lanes))

    def one_of(self, condition: Any, a: Callable[[], list[Any]], b: Callable[[], list[Any]]) -> list[Any]:
        """The values that a gives if the condition holds, otherwise those of b: only one of them is done."""
        with self.b.if_else(condition) as (then, otherwise):
            with then:
                first, first_block = a(), self.b.block
            with otherwise:
                second, second_block = b(), self.b.block
        return [self.either(p, first_block, q, second_block) for p, q in zip(first, second, strict=True)]

    def either(self, a: Any, a_block: Any, b: Any, b_block: Any) -> Any:
        """a where the block before this one was a_block, b where it was b_block."""
        phi = self.b.phi(a.type)
        phi.add_incoming(a, a_block)
        phi.add_incoming(b, b_block)
        return phi

    def add_up(self, vectors: Sequence[Any]) -> Any:
        """The sums of the vectors' lanes, one in each lane: of at most as many vectors as there are lanes."""
        width = self.lanes  # of the part of a vector that holds one sum
        while width > 1:
            lower = [start + i for start in range(0, 2 * self.lanes, width) for i in range(width // 2)]
            upper = [lane + width // 2 for lane in lower]
            pairs = [(vectors[i], (*vectors[i + 1 :], self.zero)[0]) for i in range(0, len(vectors), 2)]
            vectors = [self.b.fadd(self.shuffle(*pair, lower), self.shuffle(*pair, upper)) for pair in pairs]
            width //= 2
        return vectors[0]

    def intrinsic(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        """A call of LLVM's function `name`."""
        return self.b.call(_declared(self.b.module, name, arguments, result), arguments)

    def call(self, name: str, body: Body, args: Sequence[Any], result: Any = None) -> Any:
        """Calls a function of the module that `body` writes, once for each dtype, and that returns what it gives.

        Written into its caller a loop would share the caller's registers, and its sums be spilled to memory.
        """
        function = _declared(self.b.module, self.name_of(name), args, result)
        if function.is_declaration:
            function.linkage = "internal"
            function.attributes.add("noinline")
            self.write(function, body)
        return self.b.call(function, args)

    def name_of(self, name: str) -> str:
        """What the function of that name is called for these vectors."""
        return f"scratchnet_{name}_{self.suffix}"

    def write(self, function: Any, body: Body) -> None:
        """What the function does."""
        inner = Builder(ir.IRBuilder(function.append_basic_block("entry")), self.dtype)
        answer = body(inner, function.args)
        if answer is None:
            inner.b.ret_void()
        else:
            inner.b.ret(answer)

    @property
    def suffix(self) -> str:
        return f"v{self.lanes}f{8 * self.size}"

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once where the processor can."""
        return self.intrinsic(f"llvm.fmuladd.{self.suffix}", self.vector, [a, b, c])

    def loop(self, first: Any, end: Any, carried: Sequence[Any]) -> "_Loop":
        """`while True` from `first` below `end`, at least once, with values handed from turn to turn."""
        return _Loop(self.b, first, end, carried)


class _Loop:
    def __init__(self, b: Any, first: Any, end: Any, carried: Sequence[Any]) -> None:
        self.b, self.end = b, end
        before, self.block = b.block, b.append_basic_block("terms")
        b.branch(self.block)
        b.position_at_end(self.block)
        self.index = b.phi(INT)
        self.index.add_incoming(first, before)
        self.values = []
        for value in carried:
            phi = b.phi(value.type)
            phi.add_incoming(value, before)
            self.values.append(phi)

    def close(self, values: Sequence[Any], step: Any = None) -> None:
        """Ends the turn with new values of what is carried. The next turn's index is `step` more, 1 unless given."""
        following = self.b.add(self.index, ir.Constant(INT, 1) if step is None else step)
        self.index.add_incoming(following, self.b.block)
        for phi, value in zip(self.values, values, strict=True):
            phi.add_incoming(value, self.b.block)
        after = self.b.append_basic_block("after")
        branch = self.b.cbranch(self.b.icmp_signed("<", following, self.end), self.block, after)
        branch.set_metadata("llvm.loop", self._as_it_is())
        self.b.position_at_end(after)

    def _as_it_is(self) -> Any:
        """What tells LLVM not to unroll the loop: it would run out of registers. A node that starts with itself."""
        module = self.b.module
        disabled = module.add_metadata(["llvm.loop.unroll.disable"])
        node = module.add_metadata([disabled, f"scratchnet loop {len(module.metadata)}"])
        node.operands = (node, disabled)
        return node


def _declared(module: Any, name: str, args: Sequence[Any], result: Any) -> Any:
    """The module's function of that name, for such arguments."""
    kind = ir.FunctionType(result or ir.VoidType(), [arg.type for arg in args])
    return module.globals.get(name) or ir.Function(module, kind, name)


def called(name: str, body: Body, result: Any = None) -> Callable[..., Any]:
    """An intrinsic's code: a call of a function whose result is what `body` gives. It is compiled once for each dtype,

    that of the intrinsic's first array, for all that call it.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        passed = [
            context.make_array(kind)(context, builder, arg).data if isinstance(kind, types.Array) else arg
            for kind, arg in zip(signature.args, args, strict=True)
        ]
        dtype = next(kind.dtype for kind in signature.args if isinstance(kind, types.Array))
        v = Builder(builder, dtype)
        full_name = v.name_of(name)
        apart.written(full_name, context, lambda module: v.write(_declared(module, full_name, passed, result), body))
        answer = builder.call(_declared(builder.module, full_name, passed, result), passed)
        return context.get_dummy_value() if result is None else answer

    return code
