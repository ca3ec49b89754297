// One source for all variants of the direct convolutions; see direct.h for what they compute.

#include "filter_body.inc.h"

// Copies one image into a larger one whose border is zeros already: `before` rows and columns of them, and one behind.
static void VARIANT(inset)(int side, int channels, int before, const float *image, float *target) {
    const long row = (long)side * channels, line = row + (long)(before + 1) * channels;
    target += before * (line + channels);
    for (int r = 0; r < side; r++) memcpy(target + r * line, image + r * row, (size_t)row * sizeof(float));
}

static void VARIANT(direct_forward)(int images, int side, int stride, int input, int output, const float *x,
                                    const float *packed, const float *bias, float *y, float *scratch) {
    const int out = side / stride;
    const long line = (long)(side + 2) * input, places[3] = {0, line, 2 * line};
    memset(scratch, 0, (size_t)((side + 2) * line) * sizeof(float));
    for (int image = 0; image < images; image++, x += (long)side * side * input, y += (long)out * out * output) {
        VARIANT(inset)(side, input, 1, x, scratch);
        // A panel of the weights stays in the cache while all rows read it.
        for (int n = 0; n < output; n += 16)
            for (int row = 0; row < out; row++)
                VARIANT(multiply_parts)(out, 3, places, 3 * input, output - n < 16 ? 8 : 16,
                                        scratch + row * stride * line, (long)stride * input, packed + 9L * input * n,
                                        bias ? bias + n : NULL, 0, y + (long)row * out * output + n, output);
    }
}

// Adds the rows to four sums of each column, in turns, or the adders would wait for one another.
static void VARIANT(sum_in_turns)(int rows, int columns, const float *x, float *sums) {
    for (int c = 0; c < columns; c += 8) {
        v8 sum[4];
        for (int i = 0; i < 4; i++) sum[i] = VARIANT(load)(sums + i * columns + c);
        int row = 0;
        for (; row + 4 <= rows; row += 4)
            for (int i = 0; i < 4; i++) sum[i] += VARIANT(load)(x + (long)(row + i) * columns + c);
        for (; row < rows; row++) sum[0] += VARIANT(load)(x + (long)row * columns + c);
        for (int i = 0; i < 4; i++) VARIANT(store)(sums + i * columns + c, sum[i]);
    }
}

static void VARIANT(direct_gradient)(int images, int side, int stride, int input, int output, const float *x,
                                     const float *dy, int turned, float *weights, float *bias,
                                     float *scratch) {
    const int out = side / stride, height = direct_height(input), group = direct_group(side, stride, input, output);
    const long line = (long)(side + 2) * input, whole = (side + 2) * line;
    float *sums = scratch + group * whole + 64, *turns = sums + 3L * height * output;
    // The sums go through every product once for a group of images, in parts that are rows of output pixels.
    long places[LAUREL_DIRECT_PARTS];
    for (int part = 0; part < group * out; part++) places[part] = part / out * whole + part % out * stride * line;
    memset(scratch, 0, (size_t)((images < group ? images : group) * whole) * sizeof(float));
    memset(turned ? bias : turns, 0, (size_t)(turned ? input : 4 * output) * sizeof(float));
    for (int start = 0; start < images; start += group) {
        const int count = images - start < group ? images - start : group;
        for (int image = 0; image < count; image++)
            VARIANT(inset)(side, input, 1, x + (long)(start + image) * side * side * input, scratch + image * whole);
        for (int i = 0; i < 3; i++) {
#define MAKE(tall, rest)                                                                                             \
    VARIANT(multiply_column_parts)(tall, rest, count * out, places, out, height, output, scratch + i * line,          \
                                   (long)stride * input, dy + (long)start * out * out * output, output,              \
                                   sums + (long)i * height * output, output, start > 0)
            if (height == 9)
                MAKE(NINEROWS, NINEREST);
            else
                MAKE(ROWS, RESTROWS);
#undef MAKE
        }
        // The bias's gradient, while what it sums is in the cache.
        if (turned)
            laurel_sum_rows((long)count * out * out, input, x + (long)start * out * out * input, bias);
        else
            VARIANT(sum_in_turns)(count * out * out, output, dy + (long)start * out * out * output, turns);
    }
    for (int n = 0; !turned && n < output; n += 8) {
        v8 turn[4];
        for (int i = 0; i < 4; i++) turn[i] = VARIANT(load)(turns + i * output + n);
        VARIANT(store)(bias + n, (turn[0] + turn[1]) + (turn[2] + turn[3]));
    }
    for (int k = 0; k < input; k++)
        for (int n = 0; n < output; n += 8) {
            v8 found[9];
            for (int tap = 0; tap < 9; tap++) {
                const int from = turned ? 8 - tap : tap;
                found[tap] = VARIANT(load)(sums + ((long)from / 3 * height + from % 3 * input + k) * output + n);
            }
            if (turned)
                VARIANT(store_filters)(weights + 9 * ((long)k * output + n), 9, found);
            else
                VARIANT(store_filters)(weights + 9 * ((long)n * input + k), 9L * input, found);
        }
}

static void VARIANT(halved_data)(int images, int side, int input, int output, const float *dy, const float *packed,
                                 int keep, float *dx, float *scratch) {
    const int out = side / 2;
    const long line = (long)(out + 1) * output, pair = 2L * side * input, places[2] = {0, line};
    memset(scratch, 0, (size_t)((out + 1) * line) * sizeof(float));
    for (int image = 0; image < images; image++, dy += (long)out * out * output, dx += out * pair) {
        VARIANT(inset)(out, output, 0, dy, scratch);
        const float *panels = packed;
        for (int parity = 0; parity < 4; parity++) {
            const int parts = 1 + parity / 2, depth = (1 + parity % 2) * output;
            for (int n = 0; n < input; n += 16)
                for (int row = 0; row < out; row++) {
                    float *target = dx + row * pair + (parity / 2 * (long)side + parity % 2) * input + n;
                    VARIANT(multiply_parts)(out, parts, places, depth, input - n < 16 ? 8 : 16, scratch + row * line,
                                            output, panels + (long)n * parts * depth, keep ? target : NULL, 2 * input,
                                            target, 2 * input);
                }
            panels += (long)parts * depth * input;
        }
    }
}

// One row of pixels in eights: lanes are pixels, so that three results fill the registers as well as sixteen would. Sums
// over even and odd channels are kept apart, or the adders would wait for one another.
static inline __attribute__((always_inline)) void VARIANT(narrow_row)(
    const int output, const int wide, int input, long line, long plane, const float *source, const float *weights,
    const float *bias, float *y) {
    v8 sums[2][3][2];
    for (int o = 0; o < output; o++)
        for (int v = 0; v < wide; v++) {
            sums[0][o][v] = SPLAT(0) + (bias ? bias[o] : 0);
            sums[1][o][v] = SPLAT(0);
        }
    for (int k = 0; k < input; k += 2, source += 2 * plane, weights += 18)
        _Pragma("clang loop unroll(disable)") for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                for (int odd = 0; odd < 2; odd++)
                    for (int v = 0; v < wide; v++) {
                        const v8 pixels = VARIANT(load)(source + odd * plane + i * line + j + 8 * v);
                        for (int o = 0; o < output; o++)
                            sums[odd][o][v] += weights[9L * o * input + 9 * odd + 3 * i + j] * pixels;
                    }
    float results[3][16];
    for (int o = 0; o < output; o++)
        for (int v = 0; v < wide; v++) VARIANT(store)(results[o] + 8 * v, sums[0][o][v] + sums[1][o][v]);
    for (int pixel = 0; pixel < 8 * wide; pixel++)
        for (int o = 0; o < output; o++) *y++ = results[o][pixel];
}

static inline __attribute__((always_inline)) void VARIANT(narrow_image)(
    const int output, int side, int input, const float *planes, const float *weights, const float *bias, float *y) {
    const long line = side + 2, plane = line * line;
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; y += output * (side - column < 16 ? 8 : 16), column += 16) {
            const float *source = planes + row * line + column;
            if (side - column < 16)
                VARIANT(narrow_row)(output, 1, input, line, plane, source, weights, bias, y);
            else
                VARIANT(narrow_row)(output, 2, input, line, plane, source, weights, bias, y);
        }
}

static void VARIANT(narrow_forward)(int images, int side, int input, int output, const float *x, const float *packed,
                                    const float *bias, float *y, float *scratch) {
    const long line = side + 2, plane = line * line;
    memset(scratch, 0, (size_t)(plane * input) * sizeof(float));
    for (int image = 0; image < images; image++, y += (long)side * side * output) {
        // Each channel becomes a plane with a border of zeros.
        for (int row = 0; row < side; row++)
            for (int column = 0; column < side; column += 8, x += 8L * input)
                for (int k = 0; k < input; k += 8) {
                    v8 block[8];
                    for (int lane = 0; lane < 8; lane++) block[lane] = VARIANT(load)(x + (long)lane * input + k);
                    VARIANT(transpose8)(block);
                    for (int lane = 0; lane < 8; lane++)
                        VARIANT(store)(scratch + (k + lane) * plane + (row + 1) * line + column + 1, block[lane]);
                }
        if (output == 3)
            VARIANT(narrow_image)(3, side, input, scratch, packed, bias, y);
        else
            VARIANT(narrow_image)(1, side, input, scratch, packed, bias, y);
    }
}
