// Includes the file that BODY names once for each instruction set. ROWS is the height of a register block with vectors of
// sixteen lanes, RESTROWS that of the blocks that finish a multiple of eight; NINEROWS and NINEREST are the same for nine rows.

#define VARIANT(name) name##_baseline
#define ROWS 2
#define RESTROWS 2
#define NINEROWS 2
#define NINEREST 1
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS
#undef NINEROWS
#undef NINEREST

#if defined(__x86_64__)
#pragma clang attribute push(LAUREL_AVX2, apply_to = function)
#define VARIANT(name) name##_avx2
#define ROWS 6
#define RESTROWS 4
#define NINEROWS 5
#define NINEREST 4
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS
#undef NINEROWS
#undef NINEREST
#pragma clang attribute pop

#pragma clang attribute push(LAUREL_AVX512, apply_to = function)
#define VARIANT(name) name##_avx512
#define ROWS 12
#define RESTROWS 4
#define NINEROWS 9
#define NINEREST 9
#include "simd_body.inc.h"
#include "block_body.inc.h"
#include BODY
#undef VARIANT
#undef ROWS
#undef RESTROWS
#undef NINEROWS
#undef NINEREST
#pragma clang attribute pop
#endif
