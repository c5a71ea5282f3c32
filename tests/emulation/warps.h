// Barriers, and what the threads of a warp tell each other. Only whole warps are emulated: the mask is 0xffffffff, the
// width 32, and the block's last warp has all its threads; anything else ends the launch.
#pragma once
#include "races.h"

constexpr int warpSize = 32;

namespace emulated {

inline void whole_warp(unsigned mask, int width, Place place) {
  if (mask != 0xffffffff || width != 32) stop(place.text() + "only the mask 0xffffffff and the width 32 are emulated");
  if (current / 32 * 32 + 32 > count) stop(place.text() + "the warp has only " + std::to_string(count % 32) + " threads");
}

// Each thread gives `value`; `take` computes the result from the slots of the threads `first` and on.
template <typename Take>
auto exchange(State barrier, unsigned long long value, Place place, Take take) {
  Unwatched unwatched;
  threads[current].slot = value;
  wait(barrier, place);
  watch(false);
  auto taken = take();
  wait(barrier, place);  // nobody gives anew before all have read
  return taken;
}

// Two barriers are of one meeting, and of one place.
template <typename T>
T shuffle(unsigned mask, T value, unsigned source, int width, Place place) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
  whole_warp(mask, width, place);
  unsigned long long bits = 0;
  memcpy(&bits, &value, sizeof value);
  bits = exchange(AT_WARP_BARRIER, bits, place, [=] { return threads[current / 32 * 32 + source].slot; });
  memcpy(&value, &bits, sizeof value);
  return value;
}

inline unsigned ballot(unsigned mask, int predicate, Place place) {
  whole_warp(mask, 32, place);
  return exchange(AT_WARP_BARRIER, predicate != 0, place, [] {
    unsigned bits = 0;
    for (unsigned lane = 0; lane < 32; ++lane) bits |= unsigned(threads[current / 32 * 32 + lane].slot) << lane;
    return bits;
  });
}

inline int count_in_block(int predicate, Place place) {
  return exchange(AT_BLOCK_BARRIER, predicate != 0, place, [] {
    int sum = 0;
    for (unsigned i = 0; i < count; ++i) sum += static_cast<int>(threads[i].slot);
    return sum;
  });
}

}  // namespace emulated

inline void __syncthreads(emulated::Place place = EMULATED_PLACE) { emulated::wait(emulated::AT_BLOCK_BARRIER, place); }
inline int __syncthreads_count(int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::count_in_block(predicate, place);
}
inline int __syncthreads_or(int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::count_in_block(predicate, place) > 0;
}
inline int __syncthreads_and(int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::count_in_block(!predicate, place) == 0;
}

inline void __syncwarp(unsigned mask = 0xffffffff, emulated::Place place = EMULATED_PLACE) {
  emulated::whole_warp(mask, 32, place);
  emulated::wait(emulated::AT_WARP_BARRIER, place);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, emulated::Place place = EMULATED_PLACE) {
  return emulated::shuffle(mask, value, static_cast<unsigned>(source) % 32, width, place);
}

template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, emulated::Place place = EMULATED_PLACE) {
  unsigned lane = emulated::current % 32;
  return emulated::shuffle(mask, value, delta <= lane ? lane - delta : lane, width, place);
}

template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, emulated::Place place = EMULATED_PLACE) {
  unsigned lane = emulated::current % 32;
  return emulated::shuffle(mask, value, lane + delta < 32 ? lane + delta : lane, width, place);
}

template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32, emulated::Place place = EMULATED_PLACE) {
  unsigned lane = emulated::current % 32, source = lane ^ static_cast<unsigned>(bits);
  return emulated::shuffle(mask, value, source < 32 ? source : lane, width, place);
}

inline unsigned __ballot_sync(unsigned mask, int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::ballot(mask, predicate, place);
}
inline int __any_sync(unsigned mask, int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::ballot(mask, predicate, place) != 0;
}
inline int __all_sync(unsigned mask, int predicate, emulated::Place place = EMULATED_PLACE) {
  return emulated::ballot(mask, predicate, place) == 0xffffffff;
}
