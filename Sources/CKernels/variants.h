#pragma once
#include <stddef.h>

#include "kernels.h"

// How one source becomes a function for each instruction set, and how the best of them is called.

typedef float v8 __attribute__((vector_size(32)));
typedef float v16 __attribute__((vector_size(64)));
typedef int v8i __attribute__((vector_size(32)));
#define SPLAT(value) ((v8){value, value, value, value, value, value, value, value})

// Helpers pass vectors by value but are always inlined, so the calling convention of wide vectors never matters.
#pragma clang diagnostic ignored "-Wpsabi"

#define LAUREL_AVX2 __attribute__((target("avx2,fma")))
#define LAUREL_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")))

#if defined(__x86_64__)
#define DISPATCH(name, ...)                                           \
    switch (laurel_kernel_in_use()) {                                 \
        case laurel_kernel_avx512: return name##_avx512(__VA_ARGS__); \
        case laurel_kernel_avx2: return name##_avx2(__VA_ARGS__);     \
        case laurel_kernel_baseline: break;                           \
    }                                                                 \
    return name##_baseline(__VA_ARGS__);
#else
#define DISPATCH(name, ...) return name##_baseline(__VA_ARGS__);
#endif
