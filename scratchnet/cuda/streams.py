"""Streams, on which GPU work runs in order, and events, moments in them. They stand on CuPy's of the same GPU."""

import weakref
from types import TracebackType
from typing import Any

from scratchnet.cuda.devices import as_device, device_index
from scratchnet.kernels.cuda import runtime


class Event:
    """torch.cuda.Event: a moment on a stream, to wait for or to measure time between two.

    It comes into being when it is first recorded, on the stream's GPU; waiting for one that wasn't does nothing.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        runtime.check("Event", None)
        self._options = {"block": blocking, "disable_timing": not enable_timing, "interprocess": interprocess}
        self._event: Any = None

    @property
    def cuda_event(self) -> int:
        """CUDA's handle, 0 before the first record."""
        return 0 if self._event is None else int(self._event.ptr)

    def record(self, stream: "Stream | None" = None) -> None:
        """Take down the moment when the stream (the current one unless given) has done what it was given so far."""
        stream = current_stream() if stream is None else stream
        with runtime.On(stream.device_index):
            if self._event is None:
                self._event = runtime.library().cuda.Event(**self._options)
            self._event.record(stream.stream)

    def wait(self, stream: "Stream | None" = None) -> None:
        """Let what the stream (the current one unless given) is given from now on wait for the event."""
        stream = current_stream() if stream is None else stream
        if self._event is not None:
            with runtime.On(stream.device_index):
                stream.stream.wait_event(self._event)

    def query(self) -> bool:
        """Whether all that was recorded is done."""
        return self._event is None or bool(self._event.done)

    def synchronize(self) -> None:
        """Wait until all that was recorded is done."""
        if self._event is not None:
            self._event.synchronize()

    def elapsed_time(self, end_event: "Event") -> float:
        """Milliseconds from this event to another.

        Raises ValueError unless both were made with enable_timing and recorded, RuntimeError before both are done.
        """
        if self._options["disable_timing"] or end_event._options["disable_timing"]:
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._event is None or end_event._event is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        if not self.query() or not end_event.query():
            raise RuntimeError("Both events must be completed before calculating elapsed time.")
        return float(runtime.library().cuda.get_elapsed_time(self._event, end_event._event))

    def __repr__(self) -> str:
        handle = "uninitialized" if self._event is None else f"{self.cuda_event:#x}"
        return f"<scratchnet.cuda.Event {handle}>"


class Stream:
    """torch.cuda.Stream: a queue of GPU work; queues run beside each other. `stream` holds CuPy's object.

    priority: below 0 for work that goes before other work; CuPy 13 can't. Use it with `with scratchnet.cuda.stream(s):`
    """

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        self.device_index = device_index("Stream", device)
        options = {"priority": priority} if priority else {}
        with runtime.On(self.device_index):
            make = runtime.library().cuda.Stream
            try:
                self.stream: Any = make(non_blocking=True, **options)
            except TypeError:  # CuPy 13
                self.stream = make(non_blocking=True)

    @classmethod
    def _around(cls, stream: Any, index: int) -> "Stream":
        made = cls.__new__(cls)
        made.stream, made.device_index = stream, index
        return made

    @property
    def device(self) -> Any:
        """The GPU on which its work runs."""
        return as_device(self.device_index)

    @property
    def cuda_stream(self) -> int:
        """CUDA's handle, 0 for the default stream."""
        return int(self.stream.ptr)

    def query(self) -> bool:
        """Whether all its work is done."""
        return bool(self.stream.done)

    def synchronize(self) -> None:
        """Wait until all its work is done."""
        self.stream.synchronize()

    def record_event(self, event: Event | None = None) -> Event:
        """Record an event, a new one unless given, and return it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let what it is given from now on wait for an event."""
        event.wait(self)

    def wait_stream(self, stream: "Stream") -> None:
        """Let what it is given from now on wait for all that another stream has been given."""
        self.wait_event(stream.record_event())

    def keeps(self, array: Any) -> None:
        """What torch.Tensor.record_stream does: the memory isn't used again before this stream is done with it.

        When the array goes away, the streams that can have made it, whose memory it goes back to, wait for this one:
        the default stream and the one that is current now.
        """
        owner = array if array.base is None else array.base
        for home in {default_stream(owner.device.id), current_stream(owner.device.id)} - {self}:
            weakref.finalize(owner, home.wait_stream, self).atexit = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and (self.device_index, self.cuda_stream) == (
            other.device_index,
            other.cuda_stream,
        )

    def __hash__(self) -> int:
        return hash((self.device_index, self.cuda_stream))

    def __repr__(self) -> str:
        return f"<scratchnet.cuda.Stream device=cuda:{self.device_index} cuda_stream={self.cuda_stream:#x}>"


class ExternalStream(Stream):
    """torch.cuda.ExternalStream: a stream that another library has made, by its handle."""

    def __init__(self, stream_ptr: int, device: Any = None) -> None:
        self.device_index = device_index("ExternalStream", device)
        self.stream = runtime.library().cuda.ExternalStream(stream_ptr, self.device_index)


def current_stream(device: Any = None) -> Stream:
    """torch.cuda.current_stream: the one that new work of this thread goes to, on the current GPU or on another."""
    index = device_index("current_stream", device)
    with runtime.On(index):
        return Stream._around(runtime.library().cuda.get_current_stream(), index)


def default_stream(device: Any = None) -> Stream:
    """torch.cuda.default_stream: the one that work goes to unless another is chosen."""
    return Stream._around(runtime.library().cuda.Stream.null, device_index("default_stream", device))


def set_stream(stream: Stream | None) -> None:
    """torch.cuda.set_stream: make a stream and its GPU current. None changes nothing."""
    if stream is not None:
        runtime.set_current(stream.device_index)
        stream.stream.use()


class stream:
    """torch.cuda.stream: inside the `with` statement a stream, and so its GPU, is current. None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream
        self._before: list[tuple[int, Stream]] = []

    def __enter__(self) -> None:
        if self.stream is not None:
            self._before.append((runtime.current(), current_stream(self.stream.device_index)))
            set_stream(self.stream)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.stream is not None:
            index, before = self._before.pop()
            set_stream(before)
            runtime.set_current(index)
