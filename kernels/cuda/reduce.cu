#include "common.cuh"

// x (N, K, S) -> sums (K, chunks): block (k, c) adds the places c * chunk ... of channel k's N * S numbers. Each thread
// adds every THREADS-th number in float64, then the threads' sums are added as a tree: always in the same order.
template <typename T, typename R, typename I>
__global__ void channel_sum(const T* x, R* sums, I N, I K, I S, I chunk) {
  const int THREADS = 256;  // launch.THREADS
  __shared__ double shared[THREADS];
  I k = blockIdx.x, start = static_cast<I>(blockIdx.y) * chunk;
  I end = smaller(start + chunk, N * S);
  double total = 0;
  for (I i = start + static_cast<I>(threadIdx.x); i < end; i += THREADS) total += wide(x[(i / S * K + k) * S + i % S]);
  shared[threadIdx.x] = total;
  __syncthreads();
  for (unsigned half = THREADS / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) sums[k * static_cast<I>(gridDim.y) + static_cast<I>(blockIdx.y)] = Rounded<R>::of(shared[0]);
}
