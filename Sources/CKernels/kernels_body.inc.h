// One source for all variants: included once for each instruction set, with VARIANT(name) giving the symbol's name.

// exp by 2^n * p(r), |r| <= ln2/2, Cephes' polynomial; relative error below 2e-7 on [-87, 87], clamped outside.
static inline v8 VARIANT(exponential)(v8 x) {
    x = __builtin_elementwise_min(__builtin_elementwise_max(x, SPLAT(-87.0f)), SPLAT(87.0f));
    const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
    v8 t = x * 1.44269504088896341f + magic;
    v8 n = t - magic;
    v8 r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    v8 p = SPLAT(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    v8i bits;
    __builtin_memcpy(&bits, &t, sizeof bits);
    bits = ((bits - 0x4B400000) + 127) << 23;
    v8 power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return p * power;
}

static inline v8 VARIANT(sigmoid)(v8 z) { return 1.0f / (1.0f + VARIANT(exponential)(-z)); }

static void VARIANT(norm_forward)(int images, int pixels, int channels, float *x, const float *shift, int shift_stride,
                                  const float *gamma, const float *beta, int silu, float *y, int y_stride,
                                  float *statistics) {
    const int groups = channels / LAUREL_GROUP;
    const float share = 1.0f / (float)(LAUREL_GROUP * pixels);
    for (int n = 0; n < images; n++) {
        for (int g = 0; g < groups; g++) {
            float *source = x + (long)n * pixels * channels + g * 8;
            float *target = y + (long)n * pixels * y_stride + g * 8;
            v8 total0 = SPLAT(0), total1 = SPLAT(0);
            if (shift) {
                v8 s = VARIANT(load)(shift + (long)n * shift_stride + g * 8);
                for (int p = 0; p < pixels; p++) {
                    v8 value = VARIANT(load)(source + (long)p * channels) + s;
                    VARIANT(store)(source + (long)p * channels, value);
                    total0 += value;
                }
            } else {
                int p = 0;
                for (; p + 1 < pixels; p += 2) {
                    total0 += VARIANT(load)(source + (long)p * channels);
                    total1 += VARIANT(load)(source + (long)(p + 1) * channels);
                }
                if (p < pixels) total0 += VARIANT(load)(source + (long)p * channels);
            }
            float mean = VARIANT(sum)(total0 + total1) * share;
            v8 square0 = SPLAT(0), square1 = SPLAT(0);
            int p = 0;
            for (; p + 1 < pixels; p += 2) {
                v8 a = VARIANT(load)(source + (long)p * channels) - mean;
                v8 b = VARIANT(load)(source + (long)(p + 1) * channels) - mean;
                square0 += a * a;
                square1 += b * b;
            }
            if (p < pixels) {
                v8 a = VARIANT(load)(source + (long)p * channels) - mean;
                square0 += a * a;
            }
            float inverse = 1.0f / __builtin_sqrtf(VARIANT(sum)(square0 + square1) * share + 1e-5f);
            statistics[2 * ((long)n * groups + g)] = mean;
            statistics[2 * ((long)n * groups + g) + 1] = inverse;
            v8 a = VARIANT(load)(gamma + g * 8) * inverse;
            v8 b = VARIANT(load)(beta + g * 8) - a * mean;
            if (silu) {
                for (int q = 0; q < pixels; q++) {
                    v8 z = VARIANT(load)(source + (long)q * channels) * a + b;
                    VARIANT(store)(target + (long)q * y_stride, z * VARIANT(sigmoid)(z));
                }
            } else {
                for (int q = 0; q < pixels; q++) {
                    v8 z = VARIANT(load)(source + (long)q * channels) * a + b;
                    VARIANT(store)(target + (long)q * y_stride, z);
                }
            }
        }
    }
}

static void VARIANT(norm_backward)(int images, int pixels, int channels, const float *dy, int dy_stride, const float *x,
                                   const float *statistics, const float *gamma, const float *beta, int silu,
                                   float *dgamma, float *dbeta, long apart, float *dx, const float *first,
                                   const float *second, float *dshift, int dshift_stride, float *scratch) {
    const int groups = channels / LAUREL_GROUP;
    const float share = 1.0f / (float)(LAUREL_GROUP * pixels);
    for (int n = 0; n < images; n++) {
        for (int g = 0; g < groups; g++) {
            const long offset = (long)n * pixels * channels + g * 8;
            const float *source = x + offset;
            const float *above = dy + (long)n * pixels * dy_stride + g * 8;
            const float mean = statistics[2 * ((long)n * groups + g)];
            const float inverse = statistics[2 * ((long)n * groups + g) + 1];
            const v8 weight = VARIANT(load)(gamma + g * 8), bias = VARIANT(load)(beta + g * 8);
            v8 sum_g = SPLAT(0), sum_b = SPLAT(0);
            for (int p = 0; p < pixels; p++) {
                v8 normal = (VARIANT(load)(source + (long)p * channels) - mean) * inverse;
                v8 dz = VARIANT(load)(above + (long)p * dy_stride);
                if (silu) {
                    v8 z = normal * weight + bias;
                    v8 s = VARIANT(sigmoid)(z);
                    dz = dz * (s * (1.0f + z * (1.0f - s)));
                }
                VARIANT(store)(scratch + 8 * (long)p, dz);
                sum_g += dz * normal;
                sum_b += dz;
            }
            float *gamma_sum = dgamma + n * apart + g * 8, *beta_sum = dbeta + n * apart + g * 8;
            VARIANT(store)(gamma_sum, VARIANT(load)(gamma_sum) + sum_g);
            VARIANT(store)(beta_sum, VARIANT(load)(beta_sum) + sum_b);
            const float mean_b = VARIANT(sum)(sum_b * weight) * share;
            const float mean_g = VARIANT(sum)(sum_g * weight) * share;
            v8 total = SPLAT(0);
            for (int p = 0; p < pixels; p++) {
                const long at = offset + (long)p * channels;
                v8 normal = (VARIANT(load)(x + at) - mean) * inverse;
                v8 value = (weight * VARIANT(load)(scratch + 8 * (long)p) - mean_b - normal * mean_g) * inverse;
                total += value;
                if (first) value += VARIANT(load)(first + at);
                if (second) value += VARIANT(load)(second + at);
                VARIANT(store)(dx + at, value);
            }
            if (dshift) VARIANT(store)(dshift + (long)n * dshift_stride + g * 8, total);
        }
    }
}

static void VARIANT(silu_forward)(long count, const float *x, float *y) {
    for (long i = 0; i < count; i += 8) {
        v8 z = VARIANT(load)(x + i);
        VARIANT(store)(y + i, z * VARIANT(sigmoid)(z));
    }
}

static void VARIANT(silu_backward)(long count, const float *dy, const float *x, float *dx, int accumulate) {
    for (long i = 0; i < count; i += 8) {
        v8 z = VARIANT(load)(x + i);
        v8 s = VARIANT(sigmoid)(z);
        v8 value = VARIANT(load)(dy + i) * (s * (1.0f + z * (1.0f - s)));
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

static void VARIANT(sum_rows)(long rows, int columns, const float *x, float *sum) {
    for (long r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) sum[c] += x[r * columns + c];
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

static void VARIANT(hadamard)(long count, float *x, const uint8_t *signs, float scale, float *y) {
    // Distances 1, 2 and 4 inside a vector, then two distances in one pass over memory.
    const v8 minus1 = {1, -1, 1, -1, 1, -1, 1, -1}, minus2 = {1, 1, -1, -1, 1, 1, -1, -1};
    const v8 minus4 = {1, 1, 1, 1, -1, -1, -1, -1};
    for (long i = 0; i < count; i += 8) {
        v8 v = VARIANT(signed_by)(VARIANT(load)(x + i), signs[i / 8]);
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
    for (long i = 0; i < count; i += 8)
        VARIANT(store)(y + i, VARIANT(load)(y + i) + VARIANT(load)(x + i) * scale);
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
