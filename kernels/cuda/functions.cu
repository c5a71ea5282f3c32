#include "common.cuh"

// One thread an element. Not named erf: inside it, that name would be the kernel's own.
template <typename T, typename I>
__global__ void erf_forward(const T* x, T* y, I n) {
  for (I i = first<I>(); i < n; i += step<I>()) y[i] = Rounded<T>::of(erf(wide(x[i])));
}
