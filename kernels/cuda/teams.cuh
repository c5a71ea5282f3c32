// Rows of numbers, each worked on by a team: one thread, one warp or one block, whatever the row's length is worth.
// A team takes the rows first_team(), first_team() + teams(), ...; its thread `member` the places member, member + size.
// Sums are added in an order that the team's size decides, which the launch code chooses by shape alone.
#include "common.cuh"

const int WARP = 32, BLOCK = 256;  // BLOCK is launch.THREADS
const unsigned ALL = 0xffffffff;

struct Sum {
  template <typename V>
  __device__ static V of(V a, V b) {
    return a + b;
  }
};

// NaN on the right is passed over: whoever subtracts the largest number from it meets it again.
struct Largest {
  template <typename V>
  __device__ static V of(V a, V b) {
    return b > a ? b : a;
  }
};

// Every thread of the team gets all threads' values joined. The whole team must call it.
template <typename Join, typename V, typename I>
__device__ inline V joined(V value, I size) {
  if (size == 1) return value;
  for (int mask = WARP / 2; mask > 0; mask /= 2) value = Join::of(value, __shfl_xor_sync(ALL, value, mask));
  if (size == WARP) return value;
  __shared__ V of_warp[BLOCK / WARP];
  int warp = threadIdx.x / WARP;
  __syncthreads();  // until all have read what the last call left
  if (threadIdx.x % WARP == 0) of_warp[warp] = value;
  __syncthreads();
  value = of_warp[0];
  for (int other = 1; other < BLOCK / WARP; ++other) value = Join::of(value, of_warp[other]);
  return value;
}

// A thread's part in a team of `size` threads.
template <typename I>
struct Team {
  I size, member, first, count;

  __device__ explicit Team(I size_) : size(size_) {
    member = static_cast<I>(threadIdx.x) % size;
    first = (static_cast<I>(blockIdx.x) * BLOCK + static_cast<I>(threadIdx.x)) / size;
    count = static_cast<I>(gridDim.x) * (BLOCK / size);
  }
};
