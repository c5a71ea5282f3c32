// Accesses outside all arrays, and races: two threads at one byte, one of them writing, with no barrier in between that
// both have met.
//
// A library built with -fsanitize=thread calls the functions below at each access to memory; they stand in for g++'s
// own runtime, which knows the CPU's threads alone. What happens before what is simple on a GPU: an access comes before
// another thread's if a barrier of their block lies between, or one of their warp; between blocks nothing does. So for
// each byte the last write and a summary of the reads since are enough, and one run in one order finds every race on
// the paths that it takes, whatever the values.
#pragma once
#include <dlfcn.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "blocks.h"

namespace emulated {

constexpr unsigned SEVERAL = ~0u;

// One access, or several that no barrier parts: then block, warp or thread is SEVERAL.
struct Access {
  unsigned block, warp, thread, block_epoch, warp_epoch;
  bool atomic;
  void* code;  // null: none so far

  bool before(const Access& now) const {
    if (!code || (block == now.block && warp == now.warp && thread == now.thread)) return true;
    if (block != now.block) return false;
    return block_epoch < now.block_epoch || (warp == now.warp && warp_epoch < now.warp_epoch);
  }

  // `now` joins what it doesn't come after; otherwise it takes its place.
  void join(const Access& now) {
    Access old = *this;
    *this = now;
    if (old.before(now)) return;
    if (old.block != now.block) block = SEVERAL;
    if (old.warp != now.warp) warp = SEVERAL;
    if (old.thread != now.thread) thread = SEVERAL;
  }
};

struct Byte {
  unsigned long long stamp;  // of the launch; in shared memory of the block too
  Access write, read;
};

constexpr uintptr_t PAGE = 1024;
static std::unordered_map<uintptr_t, std::unique_ptr<Byte[]>> pages;

inline bool within(const void* address, const void* start, size_t size) {
  return static_cast<const char*>(address) >= static_cast<const char*>(start) &&
         static_cast<const char*>(address) < static_cast<const char*>(start) + size;
}

inline bool shared(const void* address) {
  return within(address, dynamic_memory, dynamic_size) ||
         within(address, __start_emulated_shared, static_cast<size_t>(__stop_emulated_shared - __start_emulated_shared));
}

inline Byte& byte_at(uintptr_t address, unsigned long long stamp) {
  std::unique_ptr<Byte[]>& page = pages[address / PAGE];
  if (!page) page.reset(new Byte[PAGE]());
  Byte& byte = page[address % PAGE];
  if (byte.stamp != stamp) byte = {stamp, {}, {}};
  return byte;
}

// An address in the library's file, for addr2line; engine.py puts the line in its place.
inline std::string line_of(void* code) {
  Dl_info file;
  dladdr(code, &file);
  char text[32];
  snprintf(text, sizeof text, "{%zx}", static_cast<size_t>(static_cast<char*>(code) - static_cast<char*>(file.dli_fbase)) - 1);
  return text;
}

inline std::string named(const Access& access, bool writes) {
  auto number = [](unsigned n) { return n == SEVERAL ? std::string("several") : std::to_string(n); };
  return (access.atomic ? "an atomic operation at " : writes ? "a write at " : "a read at ") + line_of(access.code) +
         " (block " + number(access.block) + ", thread " + number(access.thread) + ")";
}

inline bool in_an_array(const char* address, size_t size) {
  const Range* after = std::upper_bound(arrays, arrays_end, address, [](const char* a, Range r) { return a < r.start; });
  return after != arrays && address + size <= after[-1].end;
}

// Constants and the emulator's own variables.
inline bool in_the_library(const void* address) {
  Dl_info here, there;
  return dladdr(address, &there) && dladdr(__start_emulated_shared, &here) && here.dli_fbase == there.dli_fbase;
}

inline void record(void* address, size_t size, bool writes, bool atomic, void* code) {
  if (within(address, threads[current].fiber.stack, fibers::STACK)) return;
  Access now = {block_number, current / 32, current, block_epoch, warp_epochs[current / 32], atomic, code};
  bool in_block = shared(address);
  if (!in_block && !in_an_array(static_cast<const char*>(address), size)) {
    if (!in_the_library(address)) stop("outside all arrays lies " + named(now, writes));
    return;
  }
  if (watched < 2) return;
  static unsigned launch = 0;
  if (launch != launch_number && pages.size() > 256) pages.clear();
  launch = launch_number;
  // Launches and blocks are counted from 1 and 0: a fresh byte's stamp is no one's.
  unsigned long long stamp = static_cast<unsigned long long>(launch_number) << 32 | (in_block ? block_number + 1 : 0);
  for (uintptr_t place = reinterpret_cast<uintptr_t>(address), end = place + size; place < end; ++place) {
    Byte& byte = byte_at(place, stamp);
    const Access* other = nullptr;
    if (!byte.write.before(now) && !(atomic && byte.write.atomic)) other = &byte.write;
    if (writes && !byte.read.before(now)) other = &byte.read;
    if (other) {
      stop(std::string("a race in ") + (in_block ? "shared" : "global") + " memory: " +
           named(*other, other == &byte.write) + ", " + named(now, writes));
      return;
    }
    if (!writes) byte.read.join(now);
    else if (atomic) byte.write.join(now);
    else byte.write = now;
    if (writes) byte.read = {};
  }
}

// Inside, what the emulator itself reads and writes isn't watched.
struct Unwatched {
  bool before = watching;
  Unwatched() { watch(false); }
  ~Unwatched() { watch(before); }
};

}  // namespace emulated

#ifdef __SANITIZE_THREAD__
#define EMULATED_HOOK extern "C" __attribute__((visibility("hidden"), used, no_sanitize_thread)) void
#define EMULATED_ACCESS(name, size, writes)                                          \
  EMULATED_HOOK name(void* address) {                                                \
    if (!emulated::watching) return;                                                 \
    emulated::watching = false;                                                      \
    emulated::record(address, size, writes, false, __builtin_return_address(0));     \
    emulated::watching = true;                                                       \
  }
#define EMULATED_ACCESSES(size)                          \
  EMULATED_ACCESS(__tsan_read##size, size, false)        \
  EMULATED_ACCESS(__tsan_write##size, size, true)        \
  EMULATED_ACCESS(__tsan_unaligned_read##size, size, false) \
  EMULATED_ACCESS(__tsan_unaligned_write##size, size, true)
EMULATED_ACCESSES(1)
EMULATED_ACCESSES(2)
EMULATED_ACCESSES(4)
EMULATED_ACCESSES(8)
EMULATED_ACCESSES(16)
EMULATED_HOOK __tsan_read_range(void* address, size_t size) {
  if (!emulated::watching) return;
  emulated::watching = false;
  emulated::record(address, size, false, false, __builtin_return_address(0));
  emulated::watching = true;
}
EMULATED_HOOK __tsan_write_range(void* address, size_t size) {
  if (!emulated::watching) return;
  emulated::watching = false;
  emulated::record(address, size, true, false, __builtin_return_address(0));
  emulated::watching = true;
}
EMULATED_HOOK __tsan_init() {}
#endif
