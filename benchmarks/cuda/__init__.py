"""scratchnet on a GPU beside PyTorch on the same GPU, in one command; docs/cuda.md tells how to read the results.

    python -m benchmarks.cuda --part suite|nets|layers|compile|tables --out DIR

Each part takes less than 8 minutes and writes each row into DIR at once: a second run goes on where the first ended.
"""
