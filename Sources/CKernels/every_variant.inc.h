// Includes the file that BODY names once for each instruction set. ROWS is the height of a register block with vectors of
// sixteen lanes, RESTROWS that of the blocks that finish a multiple of eight.

#define VARIANT(name) name##_baseline
#define ROWS 2
#define RESTROWS 2
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS

#if defined(__x86_64__)
#pragma clang attribute push(LAUREL_AVX2, apply_to = function)
#define VARIANT(name) name##_avx2
#define ROWS 6
#define RESTROWS 4
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS
#pragma clang attribute pop

#pragma clang attribute push(LAUREL_AVX512, apply_to = function)
#define VARIANT(name) name##_avx512
#define ROWS 12
#define RESTROWS 4
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS
#pragma clang attribute pop
#endif
