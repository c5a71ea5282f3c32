#include "common.cuh"

// g and a (lines, length): h_i = g_i + a_i h_(i-1). A block carries TILE lines along, TILE numbers at a time, through
// shared memory: all threads read and write neighbouring numbers, and TILE threads take a line each, one number after
// the other, so that no sum depends on how the line was cut. What a thread writes back it read in itself: it may go on to
// the next tile at once.
template <typename T, typename I>
__global__ void linear_scan(const T* g, const T* a, T* h, I lines, I length) {
  const int TILE = 32, THREADS = 256;  // THREADS is launch.THREADS
  __shared__ T added[TILE][TILE + 1], factors[TILE][TILE + 1];  // one more: a column's numbers lie in TILE banks
  int column = threadIdx.x % TILE;
  for (I top = static_cast<I>(blockIdx.x) * TILE; top < lines; top += static_cast<I>(gridDim.x) * TILE) {
    double carried = 0;
    for (I left = 0; left < length; left += TILE) {
      I i = left + column;
      for (int row = threadIdx.x / TILE; row < TILE; row += THREADS / TILE) {
        if (top + row >= lines || i >= length) continue;
        added[row][column] = g[(top + row) * length + i];
        factors[row][column] = a[(top + row) * length + i];
      }
      __syncthreads();
      if (threadIdx.x < TILE && top + column < lines) {
        int line = column, end = static_cast<int>(smaller(length - left, I(TILE)));
        for (int k = 0; k < end; ++k) {
          bool begins = left == 0 && k == 0;
          carried = wide(added[line][k]) + (begins ? 0.0 : static_cast<double>(wide(factors[line][k])) * carried);
          added[line][k] = Rounded<T>::of(static_cast<typename Computed<T>::type>(carried));
        }
      }
      __syncthreads();
      for (int row = threadIdx.x / TILE; row < TILE; row += THREADS / TILE) {
        if (top + row < lines && i < length) h[(top + row) * length + i] = added[row][column];
      }
    }
  }
}
