"""Images: the data sets that training reads, and resizing."""

from scratchnet.vision.datasets import MNIST, Digits, ImageSet, load
from scratchnet.vision.images import read_image, resize

__all__ = ["MNIST", "Digits", "ImageSet", "load", "read_image", "resize"]
