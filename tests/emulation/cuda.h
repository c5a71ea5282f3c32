// CUDA C for a C++ compiler: the words that the kernels use. A block's threads are fibers, run warp by warp, each up to
// its next barrier, in an order that the launch chooses; blocks run one after another.
//
// Before each block shared memory is filled with 0xFFF2: NaN in every float type, far from any place as an integer.
// A barrier that some threads wait at while others have left or wait elsewhere ends the launch with an error.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "fibers.h"
#include "ptx.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("emulated_shared")))
// `extern __shared__ T name[]`, whose size is the launch's, is written SHARED_MEMORY(T, name) in the kernels.
#define SHARED_MEMORY(T, name) T* name = static_cast<T*>(emulated::dynamic_memory)

struct uint3 {
  unsigned x, y, z;
};
typedef uint3 dim3;

static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;
constexpr int warpSize = 32;
using std::erf;
using std::exp;
using std::expm1;
using std::log;
using std::log1p;
using std::sqrt;
using std::tanh;

extern char __start_emulated_shared[] __attribute__((visibility("hidden")));
extern char __stop_emulated_shared[] __attribute__((visibility("hidden")));
__attribute__((section("emulated_shared"), used)) static long long emulated_shared_anchor;

namespace emulated {

enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, LEFT };

struct Place {
  const char* file;
  int line;
  bool operator==(const Place& other) const { return line == other.line && !strcmp(file, other.file); }
};

struct Thread {
  fibers::Fiber fiber;
  uint3 index;
  State state;
  Place barrier;
  unsigned long long slot;  // what it gives to a shuffle
};

struct Launch {
  unsigned grid[3], block[3], shared;
  int order;  // 0 forward, 1 reversed, else the seed of a random order
  char error[512];
};

static std::vector<Thread> threads;
static unsigned count, current;
static void* dynamic_memory;
static std::string failure;
static void (*body)(void**);
static void** arguments;

inline void wait(State state, Place place) {
  Thread& thread = threads[current];
  thread.state = state;
  thread.barrier = place;
  fibers::pause(thread.fiber);
}

inline void run_thread() {
  fibers::arrived();
  body(arguments);
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
    failure = std::string(waiting->barrier.file) + ":" + std::to_string(waiting->barrier.line) + ": " + barrier +
              " diverges: thread " + std::to_string(waiting - threads.data()) + " waits there, thread " +
              std::to_string(i) + (thread.state == LEFT ? " has left the kernel"
                                    : " waits at line " + std::to_string(thread.barrier.line));
    return false;
  }
  for (unsigned i = first; i < end; ++i) threads[i].state = READY;
  return true;
}

inline bool any(unsigned first, unsigned end, State state) {
  for (unsigned i = first; i < end; ++i) {
    if (threads[i].state == state) return true;
  }
  return false;
}

// Runs a warp's lanes until each waits for the block or has left.
inline bool run_warp(unsigned first, unsigned end, const unsigned* lanes) {
  for (;;) {
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned i = first + lanes[lane];
      if (i >= end || threads[i].state != READY) continue;
      current = i;
      threadIdx = threads[i].index;
      fibers::resume(threads[i].fiber);
    }
    if (!any(first, end, AT_WARP_BARRIER)) return true;
    if (!release(first, end, AT_WARP_BARRIER, "a warp's barrier")) return false;
  }
}

inline void arrange(std::vector<unsigned>& places, int order, std::mt19937& random) {
  for (unsigned i = 0; i < places.size(); ++i) places[i] = order == 1 ? static_cast<unsigned>(places.size()) - 1 - i : i;
  if (order > 1) std::shuffle(places.begin(), places.end(), random);
}

// Writes between the arrays too, where the sanitizer has its forbidden zones.
__attribute__((no_sanitize_address, noinline)) inline void spoil(void* memory, size_t size) {
  const unsigned char pattern[2] = {0xF2, 0xFF};
  for (size_t i = 0; i < size; ++i) static_cast<volatile unsigned char*>(memory)[i] = pattern[i % 2];
}

inline bool run_block(int order, std::mt19937& random) {
  for (unsigned i = 0; i < count; ++i) {
    threads[i].state = READY;
    threads[i].fiber.start(run_thread);
  }
  std::vector<unsigned> warps((count + 31) / 32), lanes(32);
  do {
    arrange(warps, order, random);
    for (unsigned warp : warps) {
      arrange(lanes, order, random);
      if (!run_warp(warp * 32, std::min(count, warp * 32 + 32), lanes.data())) return false;
    }
  } while (any(0, count, AT_BLOCK_BARRIER) && release(0, count, AT_BLOCK_BARRIER, "__syncthreads"));
  return failure.empty();
}

inline int run(Launch* launch, void (*kernel)(void**), void** args) {
  body = kernel;
  arguments = args;
  failure.clear();
  gridDim = {launch->grid[0], launch->grid[1], launch->grid[2]};
  blockDim = {launch->block[0], launch->block[1], launch->block[2]};
  count = blockDim.x * blockDim.y * blockDim.z;
  if (threads.size() < count) threads.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    threads[i].index = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
  }
  dynamic_memory = malloc(launch->shared);
  std::mt19937 random(static_cast<unsigned>(launch->order));
  unsigned blocks = gridDim.x * gridDim.y * gridDim.z;
  for (unsigned block = 0; block < blocks && failure.empty(); ++block) {
    unsigned i = launch->order == 1 ? blocks - 1 - block : block;
    blockIdx = {i % gridDim.x, i / gridDim.x % gridDim.y, i / (gridDim.x * gridDim.y)};
    spoil(__start_emulated_shared, static_cast<size_t>(__stop_emulated_shared - __start_emulated_shared));
    spoil(dynamic_memory, launch->shared);
    run_block(launch->order, random);
  }
  free(dynamic_memory);
  snprintf(launch->error, sizeof launch->error, "%s", failure.c_str());
  return failure.empty() ? 0 : 1;
}

// The kernel's parameters as text: dtypes' names, a star before them for a pointer.
template <typename T>
std::string type_name() {
  typedef std::remove_cv_t<T> V;
  if constexpr (std::is_pointer_v<V>) return "*" + type_name<std::remove_pointer_t<V>>();
  else if constexpr (std::is_same_v<V, bool>) return "bool";
  else {
    const char* kind = std::is_integral_v<V> ? (std::is_signed_v<V> ? "int" : "uint") : "float";
    return kind + std::to_string(8 * sizeof(V));
  }
}

template <typename... A>
const char* signature(void (*)(A...)) {
  static std::string text;
  text.clear();
  ((text += type_name<A>() + " "), ...);
  return text.c_str();
}

template <typename... A, size_t... i>
void call(void (*kernel)(A...), void** args, std::index_sequence<i...>) {
  kernel(*static_cast<std::remove_cv_t<A>*>(args[i])...);
}

template <typename... A>
void call(void (*kernel)(A...), void** args) {
  call(kernel, args, std::index_sequence_for<A...>{});
}

template <typename T>
T exchange(T value, unsigned source, Place place) {
  static_assert(sizeof(T) <= 8, "a shuffle moves 4 or 8 bytes");
  unsigned base = current / 32 * 32;
  memcpy(&threads[current].slot, &value, sizeof value);
  wait(AT_WARP_BARRIER, place);
  if (base + source < count) memcpy(&value, &threads[base + source].slot, sizeof value);
  wait(AT_WARP_BARRIER, place);  // nobody gives anew before all have read
  return value;
}

}  // namespace emulated

#define EMULATED_PLACE {__builtin_FILE(), __builtin_LINE()}

inline void __syncthreads(emulated::Place place = EMULATED_PLACE) { emulated::wait(emulated::AT_BLOCK_BARRIER, place); }

// Only whole warps are emulated: the mask must be 0xffffffff.
inline void __syncwarp(unsigned = 0xffffffff, emulated::Place place = EMULATED_PLACE) {
  emulated::wait(emulated::AT_WARP_BARRIER, place);
}

template <typename T>
T __shfl_sync(unsigned, T value, int source, int = 32, emulated::Place place = EMULATED_PLACE) {
  return emulated::exchange(value, static_cast<unsigned>(source) % 32, place);
}

template <typename T>
T __shfl_down_sync(unsigned, T value, unsigned delta, int = 32, emulated::Place place = EMULATED_PLACE) {
  unsigned lane = emulated::current % 32;
  return emulated::exchange(value, lane + delta < 32 ? lane + delta : lane, place);
}

template <typename T>
T __shfl_xor_sync(unsigned, T value, int mask, int = 32, emulated::Place place = EMULATED_PLACE) {
  return emulated::exchange(value, emulated::current % 32 ^ static_cast<unsigned>(mask), place);
}
