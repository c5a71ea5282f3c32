#include "common.cuh"

// parts (count, n) -> (n,), added in order.
template <typename T, typename I>
__global__ void add_parts(const typename Computed<T>::type* parts, T* sums, I n, I count) {
  for (I i = first<I>(); i < n; i += step<I>()) {
    double total = 0;
    for (I part = 0; part < count; ++part) total += parts[part * n + i];
    sums[i] = Rounded<T>::of(total);
  }
}
