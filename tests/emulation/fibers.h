// Fibers: functions with stacks of their own, among which one thread of the CPU switches by hand.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace fibers {

constexpr size_t STACK = 1 << 17;

#ifdef __x86_64__

// Saves the registers that a called function must keep on this stack, stores its top in *from and goes on at `to`.
extern "C" void emulated_switch(void** from, void* to) __attribute__((visibility("hidden")));
asm(R"(
.pushsection .text
.globl emulated_switch
.hidden emulated_switch
.type emulated_switch, @function
emulated_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulated_switch, .-emulated_switch
.popsection
)");

struct Context {
  void* top = nullptr;

  void prepare(char* stack, void (*entry)()) {
    void** word = reinterpret_cast<void**>(stack + STACK);
    *--word = nullptr;  // where entry would return to; it never does
    *--word = reinterpret_cast<void*>(entry);
    for (int registers = 0; registers < 6; ++registers) *--word = nullptr;
    top = word;
  }

  void switch_to(Context& other) { emulated_switch(&top, other.top); }
};

#else

struct Context {
  ucontext_t state;

  void prepare(char* stack, void (*entry)()) {
    getcontext(&state);
    state.uc_stack.ss_sp = stack;
    state.uc_stack.ss_size = STACK;
    state.uc_link = nullptr;
    makecontext(&state, entry, 0);
  }

  void switch_to(Context& other) { swapcontext(&state, &other.state); }
};

#endif

struct Fiber {
  Context context;
  char* stack = nullptr;

  void start(void (*entry)()) {
    if (!stack) stack = static_cast<char*>(aligned_alloc(64, STACK));
    context.prepare(stack, entry);
  }
};

inline Context scheduler;
#ifdef __SANITIZE_ADDRESS__
inline const void* home;  // the stack that the scheduler runs on
inline size_t home_size;
#endif

// From the scheduler into a fiber, until that pauses.
inline void resume(Fiber& fiber) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(nullptr, fiber.stack, STACK);
#endif
  scheduler.switch_to(fiber.context);
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

// First thing on a fiber's stack, at its start and after each pause.
inline void arrived() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &home, &home_size);
#endif
}

// From a fiber back into the scheduler.
inline void pause(Fiber& fiber) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(nullptr, home, home_size);
#endif
  fiber.context.switch_to(scheduler);
  arrived();
}

}  // namespace fibers
