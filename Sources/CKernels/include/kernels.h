#pragma once
#include <stdint.h>

// What no library offers fast: normalisation fused with its activation, softmax, the optimiser, and the small loops
// between convolutions. Layout is NHWC; channels come in groups of eight, which is both the normalisation group and one
// vector register. Every function exists three times (AVX-512, AVX2 with FMA, baseline), from one source, and the best
// one that the processor has is taken at run time. Results agree to the last bits, not to the bit, across variants.

#define LAUREL_GROUP 8

/// 0 baseline, 1 AVX2 with FMA, 2 AVX-512.
enum laurel_kernel { laurel_kernel_baseline = 0, laurel_kernel_avx2 = 1, laurel_kernel_avx512 = 2 };

/// The variant that the calling thread uses.
enum laurel_kernel laurel_kernel_in_use(void);
/// Uses a given variant from now on, in the calling thread; for tests. Returns 0 if the processor lacks it.
int laurel_kernel_select(enum laurel_kernel kernel);

/// Makes OpenMP (which oneDNN runs on) use one thread for what the calling thread starts.
void laurel_one_thread(void);

/// y = act(gamma * (x + shift - mean) / sqrt(var + 1e-5) + beta), mean and variance over each image's pixels and each
/// group of eight channels; `pixels` is a multiple of four. `x` is images x pixels x channels, dense, and keeps x + shift when `shift` (images x channels,
/// `shift_stride` apart) is given. `y` may have a wider pixel stride than `channels`. `statistics` receives mean and
/// 1/deviation of each image and group. `silu` chooses the activation z*sigmoid(z), otherwise there is none.
void laurel_norm_forward(int images, int pixels, int channels, float *x, const float *shift, int shift_stride,
                         const float *gamma, const float *beta, int silu, float *y, int y_stride, float *statistics);

/// The gradient of laurel_norm_forward: dx = the normalisation's own gradient + first + second (each may be null or be dx).
/// `y` is what the forward pass gave when it ended in SiLU, and null when it did not: the activation's slope is found from
/// x and y without another exponential, so x, gamma and beta must be those of the forward pass. Computes this for the images
/// `from` to `to` - 1 of those that all addresses begin with, and adds their sums to dgamma and dbeta; writes the gradient of
/// shift (without first and second) when dshift is given. `scratch` holds 16 * pixels floats.
void laurel_norm_backward(int from, int to, int pixels, int channels, const float *dy, int dy_stride, const float *x,
                          const float *statistics, const float *gamma, const float *beta, const float *y, int y_stride,
                          float *dgamma, float *dbeta, float *dx, const float *first, const float *second,
                          float *dshift, int dshift_stride, float *scratch);

/// y = x * sigmoid(x).
void laurel_silu_forward(long count, const float *x, float *y);
/// dx = dy * silu'(x), added to dx when `accumulate`.
void laurel_silu_backward(long count, const float *dy, const float *x, float *dx, int accumulate);

/// Softmax of each row of `columns` numbers, in place.
void laurel_softmax_forward(long rows, int columns, float *x);
/// ds = p * (dp - sum(p * dp)) for each row, in place in dp.
void laurel_softmax_backward(long rows, int columns, const float *p, float *dp);

/// y += x.
void laurel_add(long count, const float *x, float *y);
/// Adds the row `bias` to every one of `rows` rows.
void laurel_add_rows(long rows, int columns, const float *bias, float *y);
/// Adds the sum of all rows to `sum`.
void laurel_sum_rows(long rows, int columns, const float *x, float *sum);
/// Copies each pixel to the four pixels of an image twice as large.
void laurel_upsample_forward(int images, int side, int channels, const float *x, float *y);
/// dx = the sum of the four gradients.
void laurel_upsample_backward(int images, int side, int channels, const float *dy, float *dx);

/// The pixels of one image under each tap of a 3x3 convolution with padding 1: (side/stride)^2 rows of channels x 9.
void laurel_unfold(int side, int channels, int stride, const float *x, float *columns);

/// Adds each number to a bucket with a sign: for eight numbers one code, whose low 24 bits name a block of eight buckets
/// and whose high byte holds the signs (1 subtracts), lowest bit first.
void laurel_sketch(long count, const float *x, const uint32_t *codes, float *buckets);

/// y += x with the signs of `signs`, a byte for eight numbers whose lowest bit is the first; 1 subtracts.
void laurel_add_signed(long count, const float *x, const uint8_t *signs, float *y);

/// `scale` times the Walsh-Hadamard transform of x, in place. `count` is a power of two, at least 8.
void laurel_hadamard(long count, float *x, float scale);

/// Multiply-adds between numbers in registers, as many at once as a register block has; returns the operations done.
double laurel_burst(long rounds);

/// Sum of squares, accumulated in double.
double laurel_sum_of_squares(long count, const float *x);

/// One step of AdamW (Loshchilov and Hutter): `scale` multiplies the gradient first (clipping), `correction1` and
/// `correction2` are 1/(1-beta^t), the decay is decoupled; `average` follows the parameters with weight `ema` when given.
void laurel_adamw(long count, float *parameters, const float *gradient, float *first, float *second, float *average,
                  float scale, float rate, float beta1, float beta2, float correction1, float correction2,
                  float epsilon, float decay, float ema);
