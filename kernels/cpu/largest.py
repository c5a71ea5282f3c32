"""The largest numbers of a line: which ones, and of equal ones in the order that torch's topk leaves them.

torch leaves that order to the C++ library, so this is libstdc++'s partial_sort, nth_element and sort, step by step.
Source: libstdc++, bits/stl_algo.h and bits/stl_heap.h; torch's ATen/native/TopKImpl.h. Musser, Introspective Sorting
and Selection Algorithms (1997).
"""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array, plain


def largest(x: Array, k: int) -> Array:
    """Positions (M, k) int64 of the k largest of each line of x (M, C), the largest first; NaN is above all numbers."""
    order = np.empty(x.shape, np.int64)
    if order.size and k:
        wide = x.astype(np.float32) if x.dtype == np.float16 else x
        _largest(20 * x.size, plain(wide), k, order)
    return order[:, :k].copy()


@kernel()
def _largest(x: Array, k: int, order: Array) -> None:
    for line in prange(x.shape[0]):
        keys, q = x[line], order[line]
        n = len(q)
        for i in range(n):
            q[i] = i
        if 64 * k <= n:
            _heap_select(keys, q, 0, k, n)
            _sort_heap(keys, q, 0, k)
        else:
            _nth_element(keys, q, k - 1, n)
            _sort(keys, q, k - 1)


@inline
def _above(keys: Array, i: int, j: int) -> bool:
    """Does the number at i come before the one at j?"""
    a, b = keys[i], keys[j]
    return a > b or (a != a and b == b)


@inline
def _depth(n: int) -> int:
    """Twice the whole logarithm: from there on the pivots are bad, and a heap takes over."""
    depth = 0
    while n > 1:
        n >>= 1
        depth += 2
    return depth


@inline
def _nth_element(keys: Array, q: Array, nth: int, n: int) -> None:
    """The nth in its place, those before it above, those after it below."""
    first, last, depth = 0, n, _depth(n)
    while last - first > 3:
        if depth == 0:
            _heap_select(keys, q, first, nth + 1, last)
            q[first], q[nth] = q[nth], q[first]
            return
        depth -= 1
        cut = _partition(keys, q, first, last)
        if cut <= nth:
            first = cut
        else:
            last = cut
    _insertion_sort(keys, q, first, last)


@inline
def _sort(keys: Array, q: Array, n: int) -> None:
    """The first n in order: quicksort to pieces of 16, then insertion."""
    pieces = np.empty((128, 3), np.int64)
    pieces[0, 0], pieces[0, 1], pieces[0, 2] = 0, n, _depth(n)
    waiting = 1
    while waiting:
        waiting -= 1
        first, last, depth = pieces[waiting, 0], pieces[waiting, 1], pieces[waiting, 2]
        while last - first > 16:
            if depth == 0:
                _heap_select(keys, q, first, last, last)
                _sort_heap(keys, q, first, last)
                break
            depth -= 1
            cut = _partition(keys, q, first, last)
            pieces[waiting, 0], pieces[waiting, 1], pieces[waiting, 2] = cut, last, depth
            waiting += 1
            last = cut
    _insertion_sort(keys, q, 0, min(n, 16))
    for i in range(16, n):
        _insert(keys, q, i)


@inline
def _partition(keys: Array, q: Array, first: int, last: int) -> int:
    """Cut [first, last) at the median of three numbers."""
    a, b, c = first + 1, first + (last - first) // 2, last - 1
    if _above(keys, q[a], q[b]):
        median = b if _above(keys, q[b], q[c]) else c if _above(keys, q[a], q[c]) else a
    else:
        median = a if _above(keys, q[a], q[c]) else c if _above(keys, q[b], q[c]) else b
    q[first], q[median] = q[median], q[first]
    low, high, pivot = first + 1, last, q[first]
    while True:
        while _above(keys, q[low], pivot):
            low += 1
        high -= 1
        while _above(keys, pivot, q[high]):
            high -= 1
        if low >= high:
            return low
        q[low], q[high] = q[high], q[low]
        low += 1


@inline
def _insert(keys: Array, q: Array, i: int) -> None:
    """q[i] moves down to its place among those before it, of which one is known to be above it or equal."""
    moved = q[i]
    while _above(keys, moved, q[i - 1]):
        q[i] = q[i - 1]
        i -= 1
    q[i] = moved


@inline
def _insertion_sort(keys: Array, q: Array, first: int, last: int) -> None:
    for i in range(first + 1, last):
        if _above(keys, q[i], q[first]):
            moved = q[i]
            for j in range(i, first, -1):
                q[j] = q[j - 1]
            q[first] = moved
        else:
            _insert(keys, q, i)


@inline
def _sink(keys: Array, q: Array, first: int, hole: int, n: int, value: int) -> None:
    """The hole of the heap [first, first + n) sinks to a leaf, and `value` rises from there."""
    top, child = hole, hole
    while child < (n - 1) // 2:
        child = 2 * (child + 1)
        if _above(keys, q[first + child], q[first + child - 1]):
            child -= 1
        q[first + hole] = q[first + child]
        hole = child
    if n % 2 == 0 and child == (n - 2) // 2:
        child = 2 * child + 1
        q[first + hole] = q[first + child]
        hole = child
    parent = (hole - 1) // 2
    while hole > top and _above(keys, q[first + parent], value):
        q[first + hole] = q[first + parent]
        hole = parent
        parent = (hole - 1) // 2
    q[first + hole] = value


@inline
def _heap_select(keys: Array, q: Array, first: int, middle: int, last: int) -> None:
    """The middle - first largest into [first, middle), a heap with the lowest of them on top."""
    n = middle - first
    for parent in range((n - 2) // 2, -1, -1):
        _sink(keys, q, first, parent, n, q[first + parent])
    for i in range(middle, last):
        if _above(keys, q[i], q[first]):
            value = q[i]
            q[i] = q[first]
            _sink(keys, q, first, 0, n, value)


@inline
def _sort_heap(keys: Array, q: Array, first: int, last: int) -> None:
    while last - first > 1:
        last -= 1
        value = q[last]
        q[last] = q[first]
        _sink(keys, q, first, 0, last - first, value)
