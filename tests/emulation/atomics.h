// Atomic operations on integers. There are none on floats: their sums would depend on the order of the threads.
#pragma once
#include "races.h"

namespace emulated {

template <typename T, typename Change>
T atomically(T* address, void* code, Change change) {
  static_assert(std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, long long> ||
                    std::is_same_v<T, unsigned long long>,
                "atomic operations are for int, unsigned and their 64-bit kin");
  bool recorded = watching;
  Unwatched unwatched;
  met = true;
  if (recorded) record(address, sizeof(T), true, true, code);
  T old = *address;
  *address = change(old);
  return old;
}

// Two's complement, as the device counts on past the largest number.
template <typename T>
T sum(T a, T b) {
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(a) + static_cast<std::make_unsigned_t<T>>(b));
}

}  // namespace emulated

// The second type keeps T from being deduced from the value too: a literal converts, as CUDA's overloads let it.
#define EMULATED_ATOMIC(name, result)                                                             \
  template <typename T>                                                                           \
  __attribute__((noinline)) T name(T* address, std::common_type_t<T> value) {                     \
    return emulated::atomically(address, __builtin_return_address(0), [=](T old) { return static_cast<T>(result); }); \
  }
EMULATED_ATOMIC(atomicAdd, emulated::sum(old, value))
EMULATED_ATOMIC(atomicMax, old < value ? value : old)
EMULATED_ATOMIC(atomicMin, value < old ? value : old)
EMULATED_ATOMIC(atomicExch, value)
EMULATED_ATOMIC(atomicOr, old | value)
EMULATED_ATOMIC(atomicAnd, old & value)
EMULATED_ATOMIC(atomicXor, old ^ value)

template <typename T>
__attribute__((noinline)) T atomicCAS(T* address, std::common_type_t<T> expected, std::common_type_t<T> value) {
  return emulated::atomically(address, __builtin_return_address(0),
                              [=](T old) { return old == expected ? value : old; });
}

inline void __threadfence() {}
inline void __threadfence_block() {}
