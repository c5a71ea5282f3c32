"""Images as arrays: resizing, and reading image files."""

from pathlib import Path
from typing import Any

import numpy as np

from scratchnet.shapes import message

Array = np.ndarray[Any, Any]


def resize(images: Array, size: tuple[int, int]) -> Array:
    """torch's interpolate(mode="bilinear", align_corners=False) without a tape: (..., H, W) -> (..., *size).

    Pixel centres stand at half-integers, positions beyond the border take the border's value, and nothing is smoothed
    first when shrinking. Integers come back as float32. Raises ValueError for an empty image or size.
    """
    if min(size) < 1:
        raise ValueError(message("resize", "size", size, "must be at least 1 x 1"))
    if images.ndim < 2 or 0 in images.shape[-2:]:
        raise ValueError(message("resize", "images.shape", images.shape, "must end with a height and width above 0"))
    out = images if images.dtype.kind == "f" else images.astype(np.float32)
    for axis, length in zip((-2, -1), size, strict=True):
        out = _stretch(out, axis, length)
    return out


def _stretch(x: Array, axis: int, length: int) -> Array:
    before = x.shape[axis]
    if before == length:
        return x
    position = np.maximum((np.arange(length) + 0.5) * (before / length) - 0.5, 0.0)
    low = np.minimum(position.astype(np.int64), before - 1)
    high = np.minimum(low + 1, before - 1)
    share = (position - low).astype(x.dtype)
    if axis == -2:
        share = share[:, None]
    return x.take(low, axis) * (1 - share) + x.take(high, axis) * share


def read_image(path: str | Path, shape: tuple[int, int, int], invert: bool = False) -> Array:
    """An image file as a (C, H, W) float32 array from 0 (black) to 1 (white), grey for C = 1, resized to H x W.

    Shrinking averages over the pixels that fall together; enlarging equals `resize`. `invert` swaps black and white.
    Raises ImportError without Pillow, FileNotFoundError, and ValueError for a file that is no image.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise ImportError("reading image files needs Pillow; install it with: pip install pillow") from error
    channels, height, width = shape
    try:
        with Image.open(path) as image:
            bands = image.convert("L" if channels == 1 else "RGB").split()
    except FileNotFoundError:
        raise FileNotFoundError(message("read_image", "path", path, "must be a file, but there is none")) from None
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise ValueError(message("read_image", "path", path, f"must be an image that Pillow reads: {error}")) from error
    planes = [np.asarray(b.convert("F").resize((width, height), Image.Resampling.BILINEAR)) for b in bands]
    pixels = np.stack(planes).astype(np.float32) / np.float32(255)
    return 1 - pixels if invert else pixels
