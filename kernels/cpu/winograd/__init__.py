"""The parts of Winograd's convolution: its matrices, the transforms and the loops."""
