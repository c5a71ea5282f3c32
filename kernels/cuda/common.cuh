// What every kernel file starts with. T is a stored number, V what it is computed in, I the integer of positions:
// int, or long long where an array has so many elements that int can't count them.
#include "ptx.cuh"

struct float16 {
  unsigned short bits;
};

template <typename T>
struct Computed {
  typedef T type;
};

template <>
struct Computed<float16> {
  typedef float type;
};

template <typename T>
__device__ inline T wide(T value) {
  return value;
}

__device__ inline float wide(float16 value) { return half_to_float(value.bits); }

// Rounded<T>::of(v): v as it is stored.
template <typename T>
struct Rounded {
  template <typename V>
  __device__ static T of(V value) {
    return static_cast<T>(value);
  }
};

template <>
struct Rounded<float16> {
  __device__ static float16 of(float value) { return {float_to_half(value)}; }
};

// A thread of a one-dimensional launch does the elements first(), first() + step(), ...
template <typename I>
__device__ inline I first() {
  return static_cast<I>(blockIdx.x) * static_cast<I>(blockDim.x) + static_cast<I>(threadIdx.x);
}

template <typename I>
__device__ inline I step() {
  return static_cast<I>(gridDim.x) * static_cast<I>(blockDim.x);
}

template <typename I>
__device__ inline I smaller(I a, I b) {
  return a < b ? a : b;
}

template <typename I>
__device__ inline I larger(I a, I b) {
  return a < b ? b : a;
}
