// Which number of an index is the first outside its range.
#include "common.cuh"

constexpr int THREADS = 256;

// The least number of a block's threads, for its first thread.
__device__ inline long long least(long long mine) {
  __shared__ long long numbers[THREADS];
  numbers[threadIdx.x] = mine;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) numbers[threadIdx.x] = smaller(numbers[threadIdx.x], numbers[threadIdx.x + half]);
  }
  return numbers[0];
}

// noted is {0, any} until something is wrong; what was noted first stays.
template <typename T>
__device__ inline void note(const T* index, long long place, long long* noted, long long serial) {
  if (noted[0] == 0) {
    noted[0] = serial;
    noted[1] = index[place];
  }
}

// The first place where the index is outside low .. high - 1, of those that the block looks at, goes to `places`: n for
// none. A block alone notes it at once. With `ignores` one number, `ignored`, may be anywhere.
template <typename T, typename I>
__global__ void outside(const T* index, long long* places, long long* noted, long long serial, long long low,
                        long long high, long long ignored, I ignores, I n) {
  long long mine = n;
  for (I i = first<I>(); i < n; i += step<I>()) {
    long long value = index[i];
    if ((value < low || value >= high) && !(ignores && value == ignored)) {
      mine = i;
      break;
    }
  }
  long long place = least(mine);
  if (threadIdx.x != 0) return;
  if (gridDim.x > 1) {
    places[blockIdx.x] = place;
  } else if (place < n) {
    note(index, place, noted, serial);
  }
}

// The first of what many blocks have found.
template <typename T, typename I>
__global__ void first_outside(const T* index, const long long* places, long long* noted, long long serial, I blocks,
                              I n) {
  long long mine = n;
  for (I block = threadIdx.x; block < blocks; block += THREADS) mine = smaller(mine, places[block]);
  long long place = least(mine);
  if (threadIdx.x == 0 && place < n) note(index, place, noted, serial);
}
