"""Where the tensors of a file are put: the device that the file names, or what map_location makes of it."""

from collections.abc import Mapping
from pickle import UnpicklingError
from typing import Any

from scratchnet.device import device as Device
from scratchnet.device import gpu_count, resolve
from scratchnet.shapes import message


class Located:
    """What a function as map_location gets for a storage: on the CPU, as torch hands it over, and where it goes."""

    def __init__(self, place: Device) -> None:
        self.device = place

    def cpu(self) -> "Located":
        """On the CPU."""
        return self.to("cpu")

    def cuda(self, device: Any = None) -> "Located":
        """On a GPU, the current one unless `device` names another."""
        return self.to("cuda" if device is None else device)

    def to(self, device: Any) -> "Located":
        """On a device."""
        return Located(found_place(device))


def place_of(location: Any, map_location: Any) -> Device:
    """The device for a storage that the file says lay at `location`.

    map_location: None, a device or its name for all, a dict of names, or a function of (storage, name) as torch takes
    it; where that gives None the file's own place is taken. Raises RuntimeError for a device that isn't here.
    """
    if not isinstance(location, str):
        raise UnpicklingError("a storage's place is no name")
    if isinstance(map_location, Mapping):
        location = map_location.get(location, location)
    elif callable(map_location):
        located = map_location(Located(found_place("cpu")), location)
        location = location if located is None else getattr(located, "device", located)
    elif map_location is not None:
        location = map_location
    if not isinstance(location, (str, Device)):
        raise RuntimeError(message("load", "map_location", repr(map_location), "must give a device", "use 'cpu'"))
    return found_place(location)


def found_place(location: Any) -> Device:
    """The device by its name. Raises RuntimeError in torch's words where it isn't here."""
    try:
        place = Device(location)
        if place.type == "cuda":
            _check_gpu(place)
        return resolve("load", place)
    except RuntimeError as error:
        rule = f"holds tensors of a device that isn't here: {error}"
        raise RuntimeError(message("load", "location", location, rule, "use map_location='cpu'")) from error


def _check_gpu(place: Device) -> None:
    found = gpu_count()
    if not found:
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but scratchnet.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use scratchnet.load with map_location=scratchnet.device('cpu') to "
            "map your storages to the CPU."
        )
    if place.index is not None and place.index >= found:
        raise RuntimeError(
            f"Attempting to deserialize object on CUDA device {place.index} but scratchnet.cuda.device_count() is "
            f"{found}. Please use scratchnet.load with map_location to map your storages to an existing device."
        )
