// One source for all variants: included once for each instruction set, with VARIANT(name) giving the symbol's name.

// 2^n * 2^r for n + r = z * log2(e), |r| <= 1/2: n goes into the exponent's bits, and a polynomial whose relative error is
// below 1.2e-7 gives 2^r. Against exp in double precision the relative error is at most 3e-7 for |z| <= 10 and grows by
// 1.3e-8 * |z|; where multiply and add are two instructions the product is rounded too, which makes that 6e-8 * |z|.
// exp(0) is 1.
static inline __attribute__((always_inline)) v8 VARIANT(unclamped_exponential)(v8 z) {
    const float log2e = 1.44269504088896341f;
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
    const v8 t = z * log2e + magic;
    const v8 r = z * log2e - (t - magic);
    const v8 square = r * r;
    v8 p = r * 0.00132646586f + 0.00967156608f;
    p = p * square + (r * 0.0555073433f + 0.240222409f);
    p = p * square + (r * 0.693147004f + 1.0f);
    v8i bits, power;
    __builtin_memcpy(&bits, &t, sizeof bits);
    __builtin_memcpy(&power, &p, sizeof power);
    power += bits << 23;
    __builtin_memcpy(&p, &power, sizeof p);
    return p;
}

static inline __attribute__((always_inline)) v8 VARIANT(clamp87)(v8 z) {
    return __builtin_elementwise_min(__builtin_elementwise_max(z, SPLAT(-87.0f)), SPLAT(87.0f));
}

static inline __attribute__((always_inline)) v8 VARIANT(exponential)(v8 z) {
    return VARIANT(unclamped_exponential)(VARIANT(clamp87)(z));
}

// 1 + exp(-z), whose inverse is the sigmoid.
static inline __attribute__((always_inline)) v8 VARIANT(one_and_exponential)(v8 z) {
    return 1.0f + VARIANT(unclamped_exponential)(-VARIANT(clamp87)(z));
}

// The slope of z * sigmoid(z).
static inline __attribute__((always_inline)) v8 VARIANT(silu_slope)(v8 z) {
    const v8 s = 1.0f / VARIANT(one_and_exponential)(z);
    return (z * s) * (1.0f - s) + s;
}

// The same where y = z * sigmoid(z) is known, without another exponential: the sigmoid is y / z, or a half at 0.
static inline __attribute__((always_inline)) v8 VARIANT(silu_slope_of)(v8 z, v8 y) {
    const v8 quotient = y / z, half = SPLAT(0.5f);
    const v8i known = z != 0;
    v8i share, other;
    __builtin_memcpy(&share, &quotient, sizeof share);
    __builtin_memcpy(&other, &half, sizeof other);
    share = (share & known) | (other & ~known);
    v8 s;
    __builtin_memcpy(&s, &share, sizeof s);
    return y * (1.0f - s) + s;
}

// Four sums, one for each of four pixels in turn, keep the adders busy; this is their total for a group.
static inline __attribute__((always_inline)) float VARIANT(sum4)(const v8 sums[4]) {
    return VARIANT(sum)((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// What takes eight channels' x to z = slope * x + constant. One function for both ways, because the way back divides by the
// z of the way forward.
static inline __attribute__((always_inline)) void VARIANT(norm_line)(const float *gamma, const float *beta,
                                                                     const float *statistics, v8 *slope,
                                                                     v8 *constant) {
    *slope = VARIANT(load)(gamma) * statistics[1];
    *constant = VARIANT(load)(beta) - *slope * statistics[0];
}

// Normalises one image's `wide` neighbouring groups, one or two: two fill a cache line.
static inline __attribute__((always_inline)) void VARIANT(norm_forward_groups)(
    const int wide, int pixels, long x_stride, float *x, const float *shift, const float *gamma, const float *beta,
    int silu, float *y, long y_stride, float *statistics) {
    const float share = 1.0f / (float)(LAUREL_GROUP * pixels);
    v8 offset[2] = {SPLAT(0), SPLAT(0)}, slope[2], constant[2], sums[2][4], mean[2];
    for (int g = 0; g < wide; g++)
        for (int i = 0; i < 4; i++) sums[g][i] = SPLAT(0);
    if (shift) {
        for (int g = 0; g < wide; g++) offset[g] = VARIANT(load)(shift + 8 * g);
        for (int p = 0; p < pixels; p += 4)
            for (int i = 0; i < 4; i++)
                for (int g = 0; g < wide; g++) {
                    float *place = x + (p + i) * x_stride + 8 * g;
                    const v8 value = VARIANT(load)(place) + offset[g];
                    VARIANT(store)(place, value);
                    sums[g][i] += value;
                }
    } else {
        for (int p = 0; p < pixels; p += 4)
            for (int i = 0; i < 4; i++)
                for (int g = 0; g < wide; g++) sums[g][i] += VARIANT(load)(x + (p + i) * x_stride + 8 * g);
    }
    for (int g = 0; g < wide; g++) {
        mean[g] = SPLAT(0) + VARIANT(sum4)(sums[g]) * share;
        for (int i = 0; i < 4; i++) sums[g][i] = SPLAT(0);
    }
    for (int p = 0; p < pixels; p += 4)
        for (int i = 0; i < 4; i++)
            for (int g = 0; g < wide; g++) {
                const v8 distance = VARIANT(load)(x + (p + i) * x_stride + 8 * g) - mean[g];
                sums[g][i] += distance * distance;
            }
    for (int g = 0; g < wide; g++) {
        statistics[2 * g] = mean[g][0];
        statistics[2 * g + 1] = 1.0f / __builtin_sqrtf(VARIANT(sum4)(sums[g]) * share + 1e-5f);
        VARIANT(norm_line)(gamma + 8 * g, beta + 8 * g, statistics + 2 * g, slope + g, constant + g);
    }
    if (silu) {
        for (int p = 0; p < pixels; p++)
            for (int g = 0; g < wide; g++) {
                const v8 z = VARIANT(load)(x + p * x_stride + 8 * g) * slope[g] + constant[g];
                VARIANT(store)(y + p * y_stride + 8 * g, z / VARIANT(one_and_exponential)(z));
            }
    } else {
        for (int p = 0; p < pixels; p++)
            for (int g = 0; g < wide; g++)
                VARIANT(store)(y + p * y_stride + 8 * g,
                               VARIANT(load)(x + p * x_stride + 8 * g) * slope[g] + constant[g]);
    }
}

static void VARIANT(norm_forward)(int images, int pixels, int channels, float *x, const float *shift, int shift_stride,
                                  const float *gamma, const float *beta, int silu, float *y, int y_stride,
                                  float *statistics) {
    for (int n = 0; n < images; n++)
        for (int c = 0; c < channels;) {
            float *source = x + (long)n * pixels * channels + c, *target = y + (long)n * pixels * y_stride + c;
            const float *added = shift ? shift + (long)n * shift_stride + c : NULL;
            float *found = statistics + 2 * (((long)n * channels + c) / LAUREL_GROUP);
            if (c + 16 <= channels) {
                VARIANT(norm_forward_groups)(2, pixels, channels, source, added, gamma + c, beta + c, silu, target,
                                             y_stride, found);
                c += 16;
            } else {
                VARIANT(norm_forward_groups)(1, pixels, channels, source, added, gamma + c, beta + c, silu, target,
                                             y_stride, found);
                c += 8;
            }
        }
}

// The gradient of one image's `wide` neighbouring groups. With u = (x - mean) / deviation and z = gamma * u + beta it is
// (gamma * dz - mean(gamma * dz) - u * mean(gamma * dz * u)) / deviation.
static inline __attribute__((always_inline)) void VARIANT(norm_backward_groups)(
    const int wide, int pixels, long x_stride, const float *dy, long dy_stride, const float *x,
    const float *statistics, const float *gamma, const float *beta, const float *y, long y_stride, float *dgamma,
    float *dbeta, float *dx, const float *first, const float *second, float *dshift, float *scratch) {
    const float share = 1.0f / (float)(LAUREL_GROUP * pixels);
    v8 weight[2], inverse[2], center[2], slope[2], constant[2], sum_g[2], sum_b[2], total[2];
    for (int g = 0; g < wide; g++) {
        weight[g] = VARIANT(load)(gamma + 8 * g);
        inverse[g] = SPLAT(0) + statistics[2 * g + 1];
        center[g] = inverse[g] * -statistics[2 * g];
        VARIANT(norm_line)(gamma + 8 * g, beta + 8 * g, statistics + 2 * g, slope + g, constant + g);
        sum_g[g] = sum_b[g] = total[g] = SPLAT(0);
    }
    for (int p = 0; p < pixels; p++)
        for (int g = 0; g < wide; g++) {
            const v8 value = VARIANT(load)(x + p * x_stride + 8 * g);
            v8 dz = VARIANT(load)(dy + p * dy_stride + 8 * g);
            if (y)
                dz *= VARIANT(silu_slope_of)(value * slope[g] + constant[g], VARIANT(load)(y + p * y_stride + 8 * g));
            VARIANT(store)(scratch + 8 * ((long)wide * p + g), dz);
            sum_g[g] += dz * (value * inverse[g] + center[g]);
            sum_b[g] += dz;
        }
    for (int g = 0; g < wide; g++) {
        VARIANT(store)(dgamma + 8 * g, VARIANT(load)(dgamma + 8 * g) + sum_g[g]);
        VARIANT(store)(dbeta + 8 * g, VARIANT(load)(dbeta + 8 * g) + sum_b[g]);
        // dx = dz * slope + x * inverse + constant from here on.
        const v8 along = inverse[g] * (VARIANT(sum)(sum_g[g] * weight[g]) * share);
        constant[g] = inverse[g] * -(VARIANT(sum)(sum_b[g] * weight[g]) * share) - center[g] * along;
        inverse[g] = -inverse[g] * along;
    }
    for (int p = 0; p < pixels; p++)
        for (int g = 0; g < wide; g++) {
            const long at = p * x_stride + 8 * g;
            v8 value = VARIANT(load)(x + at) * inverse[g] + constant[g];
            value += VARIANT(load)(scratch + 8 * ((long)wide * p + g)) * slope[g];
            total[g] += value;
            if (first) value += VARIANT(load)(first + at);
            if (second) value += VARIANT(load)(second + at);
            VARIANT(store)(dx + at, value);
        }
    for (int g = 0; dshift && g < wide; g++) VARIANT(store)(dshift + 8 * g, total[g]);
}

static void VARIANT(norm_backward)(int from, int to, int pixels, int channels, const float *dy, int dy_stride,
                                   const float *x, const float *statistics, const float *gamma, const float *beta,
                                   const float *y, int y_stride, float *dgamma, float *dbeta, float *dx,
                                   const float *first, const float *second, float *dshift, int dshift_stride,
                                   float *scratch) {
    for (int n = from; n < to; n++)
        for (int c = 0; c < channels;) {
            const long at = (long)n * pixels * channels + c;
            const float *above = dy + (long)n * pixels * dy_stride + c;
            const float *found = statistics + 2 * (((long)n * channels + c) / LAUREL_GROUP);
            const float *result = y ? y + (long)n * pixels * y_stride + c : NULL;
            const float *one = first ? first + at : NULL, *other = second ? second + at : NULL;
            float *shift_sum = dshift ? dshift + (long)n * dshift_stride + c : NULL;
            if (c + 16 <= channels) {
                VARIANT(norm_backward_groups)(2, pixels, channels, above, dy_stride, x + at, found, gamma + c, beta + c,
                                              result, y_stride, dgamma + c, dbeta + c, dx + at, one, other, shift_sum,
                                              scratch);
                c += 16;
            } else {
                VARIANT(norm_backward_groups)(1, pixels, channels, above, dy_stride, x + at, found, gamma + c, beta + c,
                                              result, y_stride, dgamma + c, dbeta + c, dx + at, one, other, shift_sum,
                                              scratch);
                c += 8;
            }
        }
}

static void VARIANT(silu_forward)(long count, const float *x, float *y) {
    for (long i = 0; i < count; i += 8) {
        v8 z = VARIANT(load)(x + i);
        VARIANT(store)(y + i, z / VARIANT(one_and_exponential)(z));
    }
}

static void VARIANT(silu_backward)(long count, const float *dy, const float *x, float *dx, int accumulate) {
    for (long i = 0; i < count; i += 8) {
        v8 value = VARIANT(load)(dy + i) * VARIANT(silu_slope)(VARIANT(load)(x + i));
        if (accumulate) value += VARIANT(load)(dx + i);
        VARIANT(store)(dx + i, value);
    }
}

static void VARIANT(softmax_forward)(long rows, int columns, float *x) {
    for (long r = 0; r < rows; r++) {
        float *row = x + r * columns;
        float highest = row[0];
        for (int c = 1; c < columns; c++) highest = row[c] > highest ? row[c] : highest;
        v8 total = SPLAT(0);
        for (int c = 0; c < columns; c += 8) {
            v8 e = VARIANT(exponential)(VARIANT(load)(row + c) - highest);
            VARIANT(store)(row + c, e);
            total += e;
        }
        const float share = 1.0f / VARIANT(sum)(total);
        for (int c = 0; c < columns; c += 8) VARIANT(store)(row + c, VARIANT(load)(row + c) * share);
    }
}

static void VARIANT(softmax_backward)(long rows, int columns, const float *p, float *dp) {
    for (long r = 0; r < rows; r++) {
        const float *share = p + r * columns;
        float *row = dp + r * columns;
        v8 total = SPLAT(0);
        for (int c = 0; c < columns; c += 8) total += VARIANT(load)(share + c) * VARIANT(load)(row + c);
        const float dot = VARIANT(sum)(total);
        for (int c = 0; c < columns; c += 8)
            VARIANT(store)(row + c, VARIANT(load)(share + c) * (VARIANT(load)(row + c) - dot));
    }
}

static void VARIANT(add)(long count, const float *x, float *y) {
    for (long i = 0; i < count; i++) y[i] += x[i];
}

static void VARIANT(add_rows)(long rows, int columns, const float *bias, float *y) {
    for (long r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) y[r * columns + c] += bias[c];
}

// The sums of an image's three channels, or one: in registers, since adding in memory would wait for each store.
static inline __attribute__((always_inline)) void VARIANT(sum_ones)(const int count, long rows, int columns,
                                                                    const float *x, float *sum) {
    float sums[3];
    for (int i = 0; i < count; i++) sums[i] = sum[i];
    for (long r = 0; r < rows; r++)
        for (int i = 0; i < count; i++) sums[i] += x[r * columns + i];
    for (int i = 0; i < count; i++) sum[i] = sums[i];
}

static void VARIANT(sum_rows)(long rows, int columns, const float *x, float *sum) {
    int c = 0;
    for (; c + 8 <= columns; c += 8) {
        v8 sums[4] = {SPLAT(0), SPLAT(0), SPLAT(0), SPLAT(0)};
        long r = 0;
        for (; r + 4 <= rows; r += 4)
            for (int i = 0; i < 4; i++) sums[i] += VARIANT(load)(x + (r + i) * columns + c);
        for (; r < rows; r++) sums[0] += VARIANT(load)(x + r * columns + c);
        VARIANT(store)(sum + c, VARIANT(load)(sum + c) + ((sums[0] + sums[1]) + (sums[2] + sums[3])));
    }
    for (; c + 3 <= columns; c += 3) VARIANT(sum_ones)(3, rows, columns, x + c, sum + c);
    for (; c < columns; c++) VARIANT(sum_ones)(1, rows, columns, x + c, sum + c);
}

static void VARIANT(upsample_backward)(int images, int side, int channels, const float *dy, float *dx) {
    const long wide = 2L * side * channels;
    for (long row = 0; row < (long)images * side; row++) {
        for (int column = 0; column < side; column++) {
            const float *upper = dy + 2 * row * wide + 2L * column * channels;
            const float *lower = upper + wide;
            float *target = dx + (row * side + column) * channels;
            for (int c = 0; c < channels; c++)
                target[c] = (upper[c] + upper[channels + c]) + (lower[c] + lower[channels + c]);
        }
    }
}

static double VARIANT(sum_of_squares)(long count, const float *x) {
    typedef double v8d __attribute__((vector_size(64)));
    v8d total = {0, 0, 0, 0, 0, 0, 0, 0};
    long i = 0;
    for (; i + 8 <= count; i += 8) {
        v8d wide = __builtin_convertvector(VARIANT(load)(x + i), v8d);
        total += wide * wide;
    }
    double rest = 0;
    for (; i < count; i++) rest += (double)x[i] * x[i];
    return rest + (((total[0] + total[4]) + (total[2] + total[6])) + ((total[1] + total[5]) + (total[3] + total[7])));
}

static inline void VARIANT(adamw_lanes)(float *parameters, const float *gradient, float *first, float *second,
                                        float *average, float scale, float rate, float beta1, float beta2,
                                        float correction1, float correction2, float epsilon, float decay, float ema) {
    const v8 g = VARIANT(load)(gradient) * scale, p = VARIANT(load)(parameters);
    const v8 m = VARIANT(load)(first) * beta1 + g * (1 - beta1);
    const v8 v = VARIANT(load)(second) * beta2 + (g * g) * (1 - beta2);
    const v8 step = (m * correction1) / (__builtin_elementwise_sqrt(v * correction2) + epsilon) + p * decay;
    const v8 next = p - step * rate;
    VARIANT(store)(first, m);
    VARIANT(store)(second, v);
    VARIANT(store)(parameters, next);
    if (average) {
        const v8 before = VARIANT(load)(average);
        VARIANT(store)(average, before + (next - before) * (1 - ema));
    }
}

static void VARIANT(adamw)(long count, float *parameters, const float *gradient, float *first, float *second,
                           float *average, float scale, float rate, float beta1, float beta2, float correction1,
                           float correction2, float epsilon, float decay, float ema) {
    long i = 0;
    for (; i + 8 <= count; i += 8)
        VARIANT(adamw_lanes)(parameters + i, gradient + i, first + i, second + i, average ? average + i : NULL, scale,
                             rate, beta1, beta2, correction1, correction2, epsilon, decay, ema);
    if (i == count) return;
    // The rest goes through the same arithmetic in a padded copy.
    float copy[5][8] = {{0}};
    const size_t bytes = (size_t)(count - i) * sizeof(float);
    memcpy(copy[0], parameters + i, bytes);
    memcpy(copy[1], gradient + i, bytes);
    memcpy(copy[2], first + i, bytes);
    memcpy(copy[3], second + i, bytes);
    if (average) memcpy(copy[4], average + i, bytes);
    VARIANT(adamw_lanes)(copy[0], copy[1], copy[2], copy[3], average ? copy[4] : NULL, scale, rate, beta1, beta2,
                         correction1, correction2, epsilon, decay, ema);
    memcpy(parameters + i, copy[0], bytes);
    memcpy(first + i, copy[2], bytes);
    memcpy(second + i, copy[3], bytes);
    if (average) memcpy(average + i, copy[4], bytes);
}

// Changes the signs of eight numbers where the bits of `signs` are set.
static inline v8 VARIANT(signed_by)(v8 x, int signs) {
    const v8i lanes = {0, 1, 2, 3, 4, 5, 6, 7};
    v8i bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits ^= ((signs >> lanes) & 1) << 31;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

static void VARIANT(sketch)(long count, const float *x, const uint32_t *codes, float *buckets) {
    long i = 0;
    for (; i + 8 <= count; i += 8, codes++) {
        float *target = buckets + 8 * (long)(*codes & 0xFFFFFF);
        VARIANT(store)(target, VARIANT(load)(target) + VARIANT(signed_by)(VARIANT(load)(x + i), (int)(*codes >> 24)));
    }
    for (int lane = 0; i < count; i++, lane++)
        buckets[8 * (long)(*codes & 0xFFFFFF) + lane] += *codes >> (24 + lane) & 1 ? -x[i] : x[i];
}

static void VARIANT(add_signed)(long count, const float *x, const uint8_t *signs, float *y) {
    long i = 0;
    for (; i + 8 <= count; i += 8, signs++)
        VARIANT(store)(y + i, VARIANT(load)(y + i) + VARIANT(signed_by)(VARIANT(load)(x + i), *signs));
    for (int lane = 0; i < count; i++, lane++) y[i] += *signs >> lane & 1 ? -x[i] : x[i];
}

static void VARIANT(hadamard)(long count, float *x, float scale) {
    // Distances 1, 2 and 4 inside a vector, then two distances in one pass over memory.
    const v8 minus1 = {1, -1, 1, -1, 1, -1, 1, -1}, minus2 = {1, 1, -1, -1, 1, 1, -1, -1};
    const v8 minus4 = {1, 1, 1, 1, -1, -1, -1, -1};
    for (long i = 0; i < count; i += 8) {
        v8 v = VARIANT(load)(x + i) * scale;
        v = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6) + v * minus1;
        v = __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5) + v * minus2;
        v = __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3) + v * minus4;
        VARIANT(store)(x + i, v);
    }
    long half = 8;
    for (; 4 * half <= count; half *= 4)
        for (long block = 0; block < count; block += 4 * half)
            for (long i = block; i < block + half; i += 8) {
                const v8 a = VARIANT(load)(x + i), b = VARIANT(load)(x + i + half);
                const v8 c = VARIANT(load)(x + i + 2 * half), d = VARIANT(load)(x + i + 3 * half);
                const v8 p = a + b, q = a - b, r = c + d, s = c - d;
                VARIANT(store)(x + i, p + r);
                VARIANT(store)(x + i + half, q + s);
                VARIANT(store)(x + i + 2 * half, p - r);
                VARIANT(store)(x + i + 3 * half, q - s);
            }
    if (2 * half <= count)
        for (long i = 0; i < half; i += 8) {
            const v8 a = VARIANT(load)(x + i), b = VARIANT(load)(x + i + half);
            VARIANT(store)(x + i, a + b);
            VARIANT(store)(x + i + half, a - b);
        }
}

static double VARIANT(burst)(long rounds) {
    v16 sums[ROWS];
    for (int r = 0; r < ROWS; r++) sums[r] = (v16){0} + (float)r;
    const v16 factor = (v16){0} + 0.999f;
    for (long round = 0; round < rounds; round++) {
        _Pragma("clang loop unroll(full)") for (int r = 0; r < ROWS; r++) sums[r] = sums[r] * factor + factor;
    }
    v16 total = {0};
    for (int r = 0; r < ROWS; r++) total += sums[r];
    // Every lane is finite, so the comparison only keeps the sums alive.
    return total[0] == total[0] ? 2.0 * ROWS * 16 * (double)rounds : 0;
}
