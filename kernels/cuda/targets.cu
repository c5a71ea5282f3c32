#include "teams.cuh"

// target (M, D) holds a class 0 ... C - 1 for each place, or ignore_index. What is no class counts as ignored. V is what
// T is computed in, and the dtype of the weights.

template <typename V, typename I>
struct Classes {
  const long long* target;
  const V* weight;
  I has_weight, C;
  long long ignore_index;

  // The class of place i, or -1.
  __device__ I at(I i) const {
    long long t = target[i];
    return t == ignore_index || t < 0 || t >= C ? I(-1) : static_cast<I>(t);
  }

  __device__ V weight_of(I c) const { return has_weight ? weight[c] : V(1); }
};

// x (M, C, D) -> losses (M, D), of n elements: one thread a target.
template <typename T, typename V, typename I>
__global__ void nll(const T* x, const long long* target, const V* weight, I has_weight, long long ignore_index,
                    T* losses, I n, I C, I D) {
  Classes<V, I> classes = {target, weight, has_weight, C, ignore_index};
  for (I i = first<I>(); i < n; i += step<I>()) {
    I c = classes.at(i);
    losses[i] = Rounded<T>::of(c < 0 ? V(0) : -wide(x[(i / D * C + c) * D + i % D]) * classes.weight_of(c));
  }
}

// gy (M, D) -> gx (M, C, D), of n elements: one thread an element of gx.
template <typename T, typename V, typename I>
__global__ void nll_grad(const T* gy, const long long* target, const V* weight, I has_weight, long long ignore_index,
                         T* gx, I n, I C, I D) {
  Classes<V, I> classes = {target, weight, has_weight, C, ignore_index};
  for (I i = first<I>(); i < n; i += step<I>()) {
    I row = i / D, place = row / C * D + i % D;
    I c = classes.at(place);
    gx[i] = Rounded<T>::of(c >= 0 && c == row % C ? -wide(gy[place]) * classes.weight_of(c) : V(0));
  }
}

template <typename T, typename V>
__device__ inline void divide(double sum, double weights, T* mean, V* total) {
  *mean = Rounded<T>::of(static_cast<V>(sum / weights));
  *total = static_cast<V>(weights);
}

// The sum of n losses over that of their targets' weights. A block adds up a chunk: if there is one, it divides too,
// else sums (chunks, 2) go to mean_of_chunks.
template <typename T, typename V, typename I>
__global__ void mean(const T* losses, const long long* target, const V* weight, I has_weight, long long ignore_index,
                     double* sums, T* average, V* total, I n, I C, I chunk) {
  Classes<V, I> classes = {target, weight, has_weight, C, ignore_index};
  I start = static_cast<I>(blockIdx.x) * chunk, end = smaller(start + chunk, n);
  double sum = 0, weights = 0;
  for (I i = start + static_cast<I>(threadIdx.x); i < end; i += BLOCK) {
    I c = classes.at(i);
    sum += wide(losses[i]);
    weights += c < 0 ? V(0) : classes.weight_of(c);
  }
  sum = joined<Sum>(sum, BLOCK);
  weights = joined<Sum>(weights, BLOCK);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1) return divide(sum, weights, average, total);
  sums[2 * blockIdx.x] = sum;
  sums[2 * blockIdx.x + 1] = weights;
}

template <typename T, typename V, typename I>
__global__ void mean_of_chunks(const double* sums, T* average, V* total, I chunks) {
  bool found = static_cast<I>(threadIdx.x) < chunks;  // there are no more chunks than threads
  double sum = joined<Sum>(found ? sums[2 * threadIdx.x] : 0.0, BLOCK);
  double weights = joined<Sum>(found ? sums[2 * threadIdx.x + 1] : 0.0, BLOCK);
  if (threadIdx.x == 0) divide(sum, weights, average, total);
}
