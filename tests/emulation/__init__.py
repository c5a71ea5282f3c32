"""CUDA on the CPU, for tests: the kernels' own .cu files compiled by g++, and a stand-in for CuPy to launch them."""
