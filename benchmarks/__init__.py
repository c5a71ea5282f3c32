"""Measurements against PyTorch, their results in results/. Run from the checkout: python -m benchmarks.accuracy ..."""
