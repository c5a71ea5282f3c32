"""`scratchnet bench`: how fast the engine is, and beside PyTorch, on this machine.

A part of the command (`nets`, `layers`, `start`, `growth`, `memory`) is a `Part`: it says what to measure and shows the
results. What is measured runs in worker processes, one an engine (`worker.py`): `Net`, `Layer` and `Training` are
written against torch's names, which scratchnet has too. Nothing here imports another engine, except in a worker whose
engine it is.
"""
