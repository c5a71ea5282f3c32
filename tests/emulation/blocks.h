// A launch: blocks run one after another; a block's threads are fibers, run warp by warp, each up to its next barrier.
//
// Forward and reversed, a warp runs until all its threads wait for the block. In the random orders blocks come in a
// random order, and the warps of a block take turns at random, from one warp's barrier to the next.
// Before each block shared memory is filled with 0xFFF2: NaN in every float type, far from any place as an integer.
// A barrier that some threads wait at while others have left or wait elsewhere ends the launch with an error.
#pragma once
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "fibers.h"
#ifdef __SSE2__
#include <immintrin.h>
#endif

#define __shared__ static __attribute__((section("emulated_shared")))
// `extern __shared__ T name[]`, whose size is the launch's, is written SHARED_MEMORY(T, name) in the kernels.
#define SHARED_MEMORY(T, name) T* name = static_cast<T*>(emulated::dynamic_memory)
#define EMULATED_PLACE {__builtin_FILE(), __builtin_LINE()}

struct uint3 {
  unsigned x, y, z;
};
typedef uint3 dim3;

static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

extern char __start_emulated_shared[] __attribute__((visibility("hidden")));
extern char __stop_emulated_shared[] __attribute__((visibility("hidden")));
__attribute__((section("emulated_shared"), used)) static long long emulated_shared_anchor;

namespace emulated {

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, LEFT };

struct Place {
  const char* file;
  int line;
  bool operator==(const Place& other) const { return line == other.line && !strcmp(file, other.file); }
  std::string text() const { return std::string(file) + ":" + std::to_string(line) + ": "; }
};

struct Thread {
  fibers::Fiber fiber;
  uint3 index;
  State state;
  Place barrier;
  unsigned long long slot;  // what it gives to the others at a barrier
};

struct Range {
  const char *start, *end;
};

struct Launch {
  unsigned grid[3], block[3], shared;
  int order;         // 0 forward, 1 reversed, else the seed of a random order
  int watched;       // 0, or what ends the launch: 1 an access outside all arrays, 2 a race too; see races.h
  int synchronized;  // comes back: whether any thread met a barrier or an atomic operation
  const Range* arrays;  // all that are alive, in the order of their addresses
  size_t arrays_count;
  char error[512];
};

static std::vector<Thread> threads;
static unsigned count, current;
static void* dynamic_memory;
static unsigned dynamic_size;
static std::string failure;
static void (*body)(void**);
static void** arguments;
static int watched;    // Launch's
static const Range *arrays, *arrays_end;
static bool watching;  // just now, that is in a kernel's own code
static bool met;                // a barrier or an atomic operation
static unsigned launch_number, block_number, block_epoch;
static std::vector<unsigned> warp_epochs;  // how many barriers each warp has passed

// A function of its own, which isn't watched itself.
__attribute__((noinline, no_sanitize_thread)) inline void watch(bool on) { watching = on; }

inline void wait(State state, Place place) {
  watch(false);
  met = true;
  Thread& thread = threads[current];
  thread.state = state;
  thread.barrier = place;
  fibers::pause(thread.fiber);
  watch(watched);
}

// Ends the launch from inside a thread, which never goes on.
inline void stop(std::string reason) {
  watch(false);
  failure = std::move(reason);
  fibers::pause(threads[current].fiber);
}

inline void run_thread() {
  fibers::arrived();
  body(arguments);
  watch(false);
  threads[current].state = LEFT;
  fibers::pause(threads[current].fiber);
}

// All of first .. end - 1 wait at one barrier: they may go on. Otherwise says how they diverge.
inline bool release(unsigned first, unsigned end, State state, const char* barrier) {
  const Thread* waiting = nullptr;
  for (unsigned i = first; i < end; ++i) {
    if (threads[i].state == state) waiting = &threads[i];
  }
  for (unsigned i = first; i < end; ++i) {
    const Thread& thread = threads[i];
    if (thread.state == state && thread.barrier == waiting->barrier) continue;
    failure = waiting->barrier.text() + barrier + " diverges: thread " + std::to_string(waiting - threads.data()) +
              " waits there, thread " + std::to_string(i) +
              (thread.state == LEFT ? " has left the kernel" : " waits at line " + std::to_string(thread.barrier.line));
    return false;
  }
  for (unsigned i = first; i < end; ++i) threads[i].state = READY;
  for (unsigned warp = first / 32; warp < (end + 31) / 32; ++warp) ++warp_epochs[warp];
  if (state == AT_BLOCK_BARRIER) ++block_epoch;
  return true;
}

inline bool any(unsigned first, unsigned end, State state) {
  return std::any_of(threads.begin() + first, threads.begin() + end, [=](const Thread& t) { return t.state == state; });
}

template <typename N>
void arrange(std::vector<N>& places, int order, std::mt19937& random) {
  std::iota(places.begin(), places.end(), N(0));
  if (order == 1) std::reverse(places.begin(), places.end());
  if (order > 1) std::shuffle(places.begin(), places.end(), random);
}

enum Progress { FAILED, AT_A_BARRIER, DONE };

// Runs a warp's lanes up to the warp's next barrier, or until each waits for the block or has left.
inline Progress advance(unsigned warp, const std::vector<unsigned>& lanes) {
  unsigned first = warp * 32, end = std::min(count, first + 32);
  for (unsigned lane : lanes) {
    unsigned i = first + lane;
    if (i >= end || threads[i].state != READY) continue;
    current = i;
    threadIdx = threads[i].index;
    fibers::resume(threads[i].fiber);
    if (!failure.empty()) return FAILED;
  }
  if (!any(first, end, AT_WARP_BARRIER)) return DONE;
  return release(first, end, AT_WARP_BARRIER, "a warp's barrier") ? AT_A_BARRIER : FAILED;
}

// Writes between the arrays too, where the sanitizer has its forbidden zones.
__attribute__((no_sanitize_address, noinline)) inline void spoil(void* memory, size_t size) {
  const unsigned char pattern[2] = {0xF2, 0xFF};
  for (size_t i = 0; i < size; ++i) static_cast<volatile unsigned char*>(memory)[i] = pattern[i % 2];
}

inline void run_block(int order, std::mt19937& random) {
  std::vector<unsigned> warps((count + 31) / 32), lanes(32);
  warp_epochs.assign(warps.size(), 0);
  block_epoch = 0;
  for (unsigned i = 0; i < count; ++i) {
    threads[i].state = READY;
    threads[i].fiber.start(run_thread);
  }
  do {
    warps.resize((count + 31) / 32);
    arrange(warps, order, random);
    while (!warps.empty()) {
      size_t next = order > 1 ? random() % warps.size() : 0;
      arrange(lanes, order, random);
      Progress progress = advance(warps[next], lanes);
      if (progress == FAILED) return;
      if (progress == DONE) warps.erase(warps.begin() + static_cast<long>(next));
    }
  } while (any(0, count, AT_BLOCK_BARRIER) && release(0, count, AT_BLOCK_BARRIER, "__syncthreads"));
}

// While it lives subnormal numbers count as 0, as in what CuPy compiles (-ftz=true): there in float alone.
class Flushing {
#ifdef __SSE2__
  unsigned before = _mm_getcsr();

 public:
  Flushing() { _mm_setcsr(before | 0x8040); }
  ~Flushing() { _mm_setcsr(before); }
#else
 public:
  Flushing() {}
#endif
};

inline int run(Launch* launch, void (*kernel)(void**), void** args) {
  Flushing flushing;
  body = kernel;
  arguments = args;
  failure.clear();
  met = false;
  watched = launch->watched;
  arrays = launch->arrays;
  arrays_end = arrays + launch->arrays_count;
  ++launch_number;
  gridDim = {launch->grid[0], launch->grid[1], launch->grid[2]};
  blockDim = {launch->block[0], launch->block[1], launch->block[2]};
  count = blockDim.x * blockDim.y * blockDim.z;
  if (threads.size() < count) threads.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    threads[i].index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
  }
  dynamic_size = launch->shared;
  dynamic_memory = malloc(dynamic_size);
  std::mt19937 random(static_cast<unsigned>(launch->order));
  std::vector<unsigned> blocks(size_t(gridDim.x) * gridDim.y * gridDim.z);
  arrange(blocks, launch->order, random);
  for (unsigned block : blocks) {
    block_number = block;
    blockIdx = {block % gridDim.x, block / gridDim.x % gridDim.y, block / (gridDim.x * gridDim.y)};
    spoil(__start_emulated_shared, static_cast<size_t>(__stop_emulated_shared - __start_emulated_shared));
    spoil(dynamic_memory, dynamic_size);
    run_block(launch->order, random);
    if (!failure.empty()) break;
  }
  free(dynamic_memory);
  launch->synchronized = met;
  snprintf(launch->error, sizeof launch->error, "%s", failure.c_str());
  return failure.empty() ? 0 : 1;
}

}  // namespace emulated
