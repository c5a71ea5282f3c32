// Which number of an index is the first outside its range.
#include "common.cuh"

constexpr int THREADS = 256;

// A place in an index; the index's length, and all beyond, stands for none.
typedef unsigned long long Place;

// The least place of a block's threads, for its first thread.
__device__ inline Place least(Place mine) {
  __shared__ Place numbers[THREADS];
  numbers[threadIdx.x] = mine;
  for (int half = THREADS / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) numbers[threadIdx.x] = smaller(numbers[threadIdx.x], numbers[threadIdx.x + half]);
  }
  return threadIdx.x == 0 ? numbers[0] : mine;
}

// noted is {0, any} until something is wrong; what was noted first stays.
template <typename T>
__device__ inline void note(const T* index, Place place, long long* noted, long long serial) {
  if (noted[0] == 0) {
    noted[0] = serial;
    noted[1] = index[place];
  }
}

// The first place where the index is outside low .. high - 1, of those that the block looks at, goes to `places`: n for
// none. A block alone notes it at once. With `ignores` one number, `ignored`, may be anywhere.
template <typename T, typename I>
__global__ void outside(const T* index, Place* places, long long* noted, long long serial, long long low,
                        long long high, long long ignored, I ignores, I n) {
  Place mine = static_cast<Place>(n);
  for (I i = first<I>(); i < n; i += step<I>()) {
    long long value = index[i];
    if ((value < low || value >= high) && !(ignores && value == ignored)) {
      mine = static_cast<Place>(i);
      break;
    }
  }
  Place place = least(mine);
  if (threadIdx.x != 0) return;
  if (gridDim.x > 1) {
    places[blockIdx.x] = place;
  } else if (place < static_cast<Place>(n)) {
    note(index, place, noted, serial);
  }
}

// The first of what many blocks have found.
template <typename T, typename I>
__global__ void first_outside(const T* index, const Place* places, long long* noted, long long serial, I blocks,
                              I n) {
  Place mine = static_cast<Place>(n);
  for (I block = threadIdx.x; block < blocks; block += THREADS) mine = smaller(mine, places[block]);
  Place place = least(mine);
  if (threadIdx.x == 0 && place < static_cast<Place>(n)) note(index, place, noted, serial);
}
