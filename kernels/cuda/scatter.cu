// Rows of `width` numbers written or added at places that may occur several times. `sorted` has the n places in rising
// order, `order` where each was before: the equal ones, a run, keep their order. A place outside the rows is left out.
#include "common.cuh"

template <typename I>
__device__ inline bool starts_run(const long long* sorted, I i, I rows) {
  long long place = sorted[i];
  return 0 <= place && place < rows && (i == 0 || sorted[i - 1] != place);
}

// Integers wrap round, as NumPy's do.
struct Sum {
  __device__ static float of(float a, float b) { return a + b; }
  __device__ static double of(double a, double b) { return a + b; }
  template <typename V>
  __device__ static V of(V a, V b) {
    return static_cast<V>(static_cast<unsigned long long>(a) + static_cast<unsigned long long>(b));
  }
};

struct Product {
  __device__ static float of(float a, float b) { return a * b; }
  __device__ static double of(double a, double b) { return a * b; }
  template <typename V>
  __device__ static V of(V a, V b) {
    return static_cast<V>(static_cast<unsigned long long>(a) * static_cast<unsigned long long>(b));
  }
};

// A thread takes one column of a run, one number after another.
template <typename Combine, typename T, typename I>
__device__ inline void combine(T* out, const long long* sorted, const long long* order, const T* values, I n, I width,
                               I rows) {
  typedef typename Computed<T>::type V;
  for (I t = first<I>(); t < n * width; t += step<I>()) {
    I i = t / width, column = t % width;
    if (!starts_run(sorted, i, rows)) continue;
    I place = static_cast<I>(sorted[i]);
    V result = wide(out[place * width + column]);
    for (; i < n && sorted[i] == place; ++i) {
      result = Combine::of(result, V(wide(values[static_cast<I>(order[i]) * width + column])));
    }
    out[place * width + column] = Rounded<T>::of(result);
  }
}

template <typename T, typename I>
__global__ void add(T* out, const long long* sorted, const long long* order, const T* values, I n, I width, I rows) {
  combine<Sum>(out, sorted, order, values, n, width, rows);
}

template <typename T, typename I>
__global__ void multiply(T* out, const long long* sorted, const long long* order, const T* values, I n, I width,
                         I rows) {
  combine<Product>(out, sorted, order, values, n, width, rows);
}

// The last of a run is written.
template <typename T, typename I>
__global__ void put(T* out, const long long* sorted, const long long* order, const T* values, I n, I width, I rows) {
  for (I t = first<I>(); t < n * width; t += step<I>()) {
    I i = t / width, column = t % width;
    long long place = sorted[i];
    if (place < 0 || place >= rows || (i + 1 < n && sorted[i + 1] == place)) continue;
    out[static_cast<I>(place) * width + column] = values[static_cast<I>(order[i]) * width + column];
  }
}
