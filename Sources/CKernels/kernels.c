#include "kernels.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "variants.h"

#define BODY "kernels_body.inc.h"
#include "every_variant.inc.h"

static int best_kernel(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw"))
        return laurel_kernel_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return laurel_kernel_avx2;
#endif
    return laurel_kernel_baseline;
}

static _Thread_local int chosen = -1;

enum laurel_kernel laurel_kernel_in_use(void) {
    if (chosen < 0) chosen = best_kernel();
    return (enum laurel_kernel)chosen;
}

int laurel_kernel_select(enum laurel_kernel kernel) {
    if ((int)kernel > best_kernel()) return 0;
    chosen = (int)kernel;
    return 1;
}

void laurel_one_thread(void) {
    // Looked up at run time: oneDNN brings its OpenMP library along, and linking another one would start a second pool.
    static _Atomic(void *) found = NULL;
    void *function = atomic_load_explicit(&found, memory_order_acquire);
    if (!function) {
        function = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
        if (!function) return;
        atomic_store_explicit(&found, function, memory_order_release);
    }
    void (*set_threads)(int);
    memcpy(&set_threads, &function, sizeof set_threads);
    set_threads(1);
}

void laurel_norm_forward(int images, int pixels, int channels, float *x, const float *shift, int shift_stride,
                         const float *gamma, const float *beta, int silu, float *y, int y_stride, float *statistics) {
    DISPATCH(norm_forward, images, pixels, channels, x, shift, shift_stride, gamma, beta, silu, y, y_stride, statistics)
}

void laurel_norm_backward(int from, int to, int pixels, int channels, const float *dy, int dy_stride, const float *x,
                          const float *statistics, const float *gamma, const float *beta, const float *y, int y_stride,
                          float *dgamma, float *dbeta, float *dx, const float *first, const float *second,
                          float *dshift, int dshift_stride, float *scratch) {
    DISPATCH(norm_backward, from, to, pixels, channels, dy, dy_stride, x, statistics, gamma, beta, y, y_stride, dgamma,
             dbeta, dx, first, second, dshift, dshift_stride, scratch)
}

void laurel_silu_forward(long count, const float *x, float *y) { DISPATCH(silu_forward, count, x, y) }
void laurel_silu_backward(long count, const float *dy, const float *x, float *dx, int accumulate) {
    DISPATCH(silu_backward, count, dy, x, dx, accumulate)
}
void laurel_softmax_forward(long rows, int columns, float *x) { DISPATCH(softmax_forward, rows, columns, x) }
void laurel_softmax_backward(long rows, int columns, const float *p, float *dp) {
    DISPATCH(softmax_backward, rows, columns, p, dp)
}
void laurel_add(long count, const float *x, float *y) { DISPATCH(add, count, x, y) }
void laurel_add_rows(long rows, int columns, const float *bias, float *y) { DISPATCH(add_rows, rows, columns, bias, y) }
void laurel_sum_rows(long rows, int columns, const float *x, float *sum) { DISPATCH(sum_rows, rows, columns, x, sum) }

void laurel_upsample_forward(int images, int side, int channels, const float *x, float *y) {
    const size_t pixel = (size_t)channels * sizeof(float);
    const long wide = 2L * side * channels;
    for (long row = 0; row < (long)images * side; row++) {
        float *upper = y + 2 * row * wide;
        for (int column = 0; column < side; column++) {
            const float *source = x + (row * side + column) * channels;
            memcpy(upper + 2L * column * channels, source, pixel);
            memcpy(upper + (2L * column + 1) * channels, source, pixel);
        }
        memcpy(upper + wide, upper, 2 * (size_t)side * pixel);
    }
}

void laurel_upsample_backward(int images, int side, int channels, const float *dy, float *dx) {
    DISPATCH(upsample_backward, images, side, channels, dy, dx)
}
void laurel_unfold(int side, int channels, int stride, const float *x, float *columns) {
    for (int row = 0; row < side; row += stride)
        for (int column = 0; column < side; column += stride)
            for (int c = 0; c < channels; c++)
                for (int tap = 0; tap < 9; tap++) {
                    const int i = row + tap / 3 - 1, j = column + tap % 3 - 1;
                    const int inside = i >= 0 && i < side && j >= 0 && j < side;
                    *columns++ = inside ? x[((long)i * side + j) * channels + c] : 0;
                }
}

void laurel_sketch(long count, const float *x, const uint32_t *codes, float *buckets) {
    DISPATCH(sketch, count, x, codes, buckets)
}

void laurel_add_signed(long count, const float *x, const uint8_t *signs, float *y) {
    DISPATCH(add_signed, count, x, signs, y)
}
void laurel_hadamard(long count, float *x, float scale) { DISPATCH(hadamard, count, x, scale) }

double laurel_burst(long rounds) { DISPATCH(burst, rounds) }

double laurel_sum_of_squares(long count, const float *x) { DISPATCH(sum_of_squares, count, x) }

void laurel_adamw(long count, float *parameters, const float *gradient, float *first, float *second, float *average,
                  float scale, float rate, float beta1, float beta2, float correction1, float correction2,
                  float epsilon, float decay, float ema) {
    DISPATCH(adamw, count, parameters, gradient, first, second, average, scale, rate, beta1, beta2, correction1,
             correction2, epsilon, decay, ema)
}
