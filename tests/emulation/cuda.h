// CUDA C for a C++ compiler: the words that the kernels use.
#pragma once
#include "arguments.h"
#include "blocks.h"
#include "functions.h"
#include "races.h"
#include "vectors.h"
#include "warps.h"
#include "atomics.h"
#include "ptx.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __constant__ static const
#define __align__(bytes) __attribute__((aligned(bytes)))
