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

#include "blocks.h"

// What runs at every access isn't watched itself, which would take ten times as long; so it calls nothing of std.
#define EMULATED_APART __attribute__((no_sanitize_thread))

// Where the linker has put the library's first and last byte.
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));

namespace emulated {

constexpr unsigned SEVERAL = ~0u;

// One access, or several that no barrier parts: then block, warp or thread is SEVERAL.
struct Access {
  unsigned block, warp, thread, block_epoch, warp_epoch;
  bool atomic;
  void* code;  // null: none so far

  EMULATED_APART bool before(const Access& now) const {
    if (!code || (block == now.block && warp == now.warp && thread == now.thread)) return true;
    if (block != now.block) return false;
    return block_epoch < now.block_epoch || (warp == now.warp && warp_epoch < now.warp_epoch);
  }

  // `now` joins what it doesn't come after; otherwise it takes its place.
  EMULATED_APART void join(const Access& now) {
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

struct Page {
  uintptr_t number;  // address / PAGE
  Byte* bytes;       // null: a free place of the table
};

constexpr size_t PAGES = 1 << 14;  // places of the hash table, of which at most half are taken
static Page pages[PAGES];
static size_t pages_count;

EMULATED_APART inline bool within(const void* address, const void* start, size_t size) {
  return static_cast<const char*>(address) >= static_cast<const char*>(start) &&
         static_cast<const char*>(address) < static_cast<const char*>(start) + size;
}

EMULATED_APART inline bool shared(const void* address) {
  return within(address, dynamic_memory, dynamic_size) ||
         within(address, __start_emulated_shared, static_cast<size_t>(__stop_emulated_shared - __start_emulated_shared));
}

inline void forget_pages() {
  for (Page& page : pages) {
    delete[] page.bytes;
    page = {};
  }
  pages_count = 0;
}

// The records of the bytes beside the address, made where there are none.
EMULATED_APART inline Byte* page_of(uintptr_t address) {
  uintptr_t number = address / PAGE;
  size_t place = number * 0x9E3779B97F4A7C15u >> 50;
  while (pages[place].bytes && pages[place].number != number) place = (place + 1) % PAGES;
  if (!pages[place].bytes) {
    if (++pages_count > PAGES / 2) abort();
    pages[place] = {number, new Byte[PAGE]()};
  }
  return pages[place].bytes;
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

EMULATED_APART inline bool in_an_array(const char* address, size_t size) {
  const Range *first = arrays, *end = arrays_end;  // those before `first` start at the address or before it
  while (first < end) {
    const Range* middle = first + (end - first) / 2;
    if (middle->start <= address) first = middle + 1;
    else end = middle;
  }
  return first != arrays && address + size <= first[-1].end;
}

// Constants and the emulator's own variables.
EMULATED_APART inline bool in_the_library(const void* address) {
  return within(address, __ehdr_start, static_cast<size_t>(_end - __ehdr_start));
}

EMULATED_APART inline void record(void* address, size_t size, bool writes, bool atomic, void* code) {
  if (within(address, threads[current].fiber.stack, fibers::STACK)) return;
  Access now = {block_number, current / 32, current, block_epoch, warp_epochs[current / 32], atomic, code};
  bool in_block = shared(address);
  if (!in_block && !in_an_array(static_cast<const char*>(address), size)) {
    if (!in_the_library(address)) stop("outside all arrays lies " + named(now, writes));
    return;
  }
  if (watched < 2) return;
  static unsigned launch = 0;
  if (launch != launch_number && pages_count > 256) forget_pages();
  launch = launch_number;
  // Launches and blocks are counted from 1 and 0: a fresh byte's stamp is no one's.
  unsigned long long stamp = static_cast<unsigned long long>(launch_number) << 32 | (in_block ? block_number + 1 : 0);
  Byte* bytes = nullptr;
  for (uintptr_t place = reinterpret_cast<uintptr_t>(address), end = place + size; place < end; ++place) {
    if (!bytes || place % PAGE == 0) bytes = page_of(place);
    Byte& byte = bytes[place % PAGE];
    if (byte.stamp != stamp) byte = {stamp, {}, {}};
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
