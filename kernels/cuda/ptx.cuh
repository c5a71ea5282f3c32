// The machine instructions that CUDA C has no words for without its header files. tests/emulation/ptx.h is their twin.
#ifdef __CUDACC__

__device__ inline float half_to_float(unsigned short bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}

// To the nearest, ties to even; beyond float16's range lies infinity.
__device__ inline unsigned short float_to_half(float value) {
  unsigned short bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
}

// What follows needs an A100 or newer. Launch code asks before it launches a kernel that uses it.
#if __CUDA_ARCH__ >= 800

// 4 bytes from global into shared memory, or zeros, while this thread goes on: there after its wait_for_copies.
__device__ inline void copy_async(float* shared, const float* global, bool valid) {
  asm volatile(
      "{ .reg .u64 wide; .reg .u32 to; cvta.to.shared.u64 wide, %0; cvt.u32.u64 to, wide;"
      "  cp.async.ca.shared.global [to], [%1], 4, %2; }" ::"l"(shared),
      "l"(global), "r"(valid ? 4 : 0)
      : "memory");
}

__device__ inline void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// The bits of a float32 rounded to ten bits of fraction, ties away from zero.
__device__ inline unsigned to_tf32(float value) {
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return bits;
}

// sum (16 x 8) += a (16 x 8) b (8 x 8), each lane of a warp holding fragments of them: see product_tf32.cuh. Volatile,
// for it is the whole warp's: the compiler may not move it to where only some lanes use the sum.
__device__ inline void multiply_tf32(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

#else

__device__ inline void copy_async(float*, const float*, bool) { asm volatile("trap;"); }
__device__ inline void wait_for_copies() { asm volatile("trap;"); }
__device__ inline unsigned to_tf32(float) { return 0; }
__device__ inline void multiply_tf32(float (&)[4], const unsigned (&)[4], const unsigned (&)[2]) {}

#endif

#endif
