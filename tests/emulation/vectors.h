// CUDA's short vectors, aligned as on the device, and __ldg.
#pragma once

#define EMULATED_VECTOR2(name, T)                                       \
  struct alignas(2 * sizeof(T)) name {                                  \
    T x, y;                                                             \
  };                                                                    \
  inline name make_##name(T x, T y) { return {x, y}; }
#define EMULATED_VECTOR4(name, T, alignment)                            \
  struct alignas(alignment) name {                                      \
    T x, y, z, w;                                                       \
  };                                                                    \
  inline name make_##name(T x, T y, T z, T w) { return {x, y, z, w}; }

EMULATED_VECTOR2(float2, float)
EMULATED_VECTOR2(double2, double)
EMULATED_VECTOR2(int2, int)
EMULATED_VECTOR2(uint2, unsigned)
EMULATED_VECTOR2(longlong2, long long)
EMULATED_VECTOR2(ulonglong2, unsigned long long)
EMULATED_VECTOR4(float4, float, 16)
EMULATED_VECTOR4(double4, double, 16)
EMULATED_VECTOR4(int4, int, 16)
EMULATED_VECTOR4(uint4, unsigned, 16)

// A read of what no thread of the launch writes.
template <typename T>
inline T __ldg(const T* address) {
  return *address;
}
