// The twin of kernels/cuda/ptx.cuh: the same functions in C++.
#pragma once
#include <cstring>

inline float half_to_float(unsigned short bits) {
  _Float16 value;
  memcpy(&value, &bits, sizeof bits);
  return static_cast<float>(value);
}

inline unsigned short float_to_half(float value) {
  _Float16 half = static_cast<_Float16>(value);
  unsigned short bits;
  memcpy(&bits, &half, sizeof bits);
  return bits;
}
