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

namespace emulated {

// A copy that is under way arrives no sooner than its thread waits for it; until then NaN lies there.
struct Copy {
  float* to;
  const float* from;
  bool valid;
};

struct Copies {
  unsigned launch, block;
  std::vector<Copy> pending;
};

static std::vector<Copies> copies;

// The current thread's; those of an earlier launch or block that never waited are forgotten.
inline std::vector<Copy>& pending_copies() {
  if (copies.size() < threads.size()) copies.resize(threads.size());
  Copies& mine = copies[current];
  if (mine.launch != launch_number || mine.block != block_number) mine = {launch_number, block_number, {}};
  return mine.pending;
}

inline void note(Copy copy) {
  Unwatched unwatched;
  pending_copies().push_back(copy);
}

inline bool take(Copy* copy) {
  Unwatched unwatched;
  std::vector<Copy>& pending = pending_copies();
  if (pending.empty()) return false;
  *copy = pending.back();
  pending.pop_back();
  return true;
}

struct Fragments {
  const unsigned *a, *b;
};

inline float tf32(unsigned bits) {
  bits &= ~0x1fffu;  // tensor cores see no more
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace emulated

inline void copy_async(float* shared, const float* global, bool valid) {
  *shared = __builtin_nanf("");
  emulated::note({shared, global, valid});
}

inline void wait_for_copies() {
  emulated::Copy copy;
  while (emulated::take(&copy)) *copy.to = copy.valid ? *copy.from : 0.0f;
}

inline unsigned to_tf32(float value) {
  unsigned bits;
  memcpy(&bits, &value, sizeof bits);
  return value == value ? (bits + 0x1000u) & ~0x1fffu : 0x7fffffffu;
}

inline void multiply_tf32(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2],
                          emulated::Place place = EMULATED_PLACE) {
  using namespace emulated;
  const Fragments mine = {a, b};
  const unsigned lane = current % 32, row = lane / 4, column = lane % 4 * 2;
  exchange(AT_WARP_BARRIER, reinterpret_cast<unsigned long long>(&mine), place, [&] {
    auto fragments = [](unsigned of) {
      return reinterpret_cast<const Fragments*>(threads[current / 32 * 32 + of].slot);
    };
    for (unsigned i = 0; i < 4; ++i) {
      double total = sum[i];
      for (unsigned term = 0; term < 8; ++term) {
        const unsigned* left = fragments(row * 4 + term % 4)->a;
        const unsigned* right = fragments((column + i % 2) * 4 + term % 4)->b;
        total += static_cast<double>(tf32(left[i / 2 + term / 4 * 2])) * tf32(right[term / 4]);
      }
      sum[i] = static_cast<float>(total);
    }
    return 0;
  });
}
