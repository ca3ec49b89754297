// One source for all variants of the 3x3 convolution; see winograd.h for what they compute.

#include "filter_body.inc.h"

// The six values that one dimension of a tile becomes: the columns of B.
static inline __attribute__((always_inline)) void VARIANT(spread6)(const v8 d[6], v8 t[6]) {
    const v8 even1 = d[4] - SQUARE2 * d[2], odd1 = d[3] - SQUARE2 * d[1];
    const v8 even2 = d[4] - SQUARE1 * d[2], odd2 = d[3] - SQUARE1 * d[1];
    t[0] = (d[4] - (SQUARE1 + SQUARE2) * d[2]) + (SQUARE1 * SQUARE2) * d[0];
    t[1] = even1 + POINT1 * odd1;
    t[2] = even1 - POINT1 * odd1;
    t[3] = even2 + POINT2 * odd2;
    t[4] = even2 - POINT2 * odd2;
    t[5] = (d[5] - (SQUARE1 + SQUARE2) * d[3]) + (SQUARE1 * SQUARE2) * d[1];
}

// The four outputs of one dimension: A transposed.
static inline __attribute__((always_inline)) void VARIANT(gather4)(const v8 m[6], v8 y[4]) {
    const v8 sum1 = m[1] + m[2], sum2 = m[3] + m[4], difference1 = m[1] - m[2], difference2 = m[3] - m[4];
    y[0] = (m[0] + sum1) + sum2;
    y[1] = POINT1 * difference1 + POINT2 * difference2;
    y[2] = SQUARE1 * sum1 + SQUARE2 * sum2;
    y[3] = (m[5] + (POINT1 * SQUARE1) * difference1) + (POINT2 * SQUARE2) * difference2;
}

// Six values from a gradient of four outputs: A.
static inline __attribute__((always_inline)) void VARIANT(spread4)(const v8 y[4], v8 t[6]) {
    const v8 even1 = y[0] + SQUARE1 * y[2], even2 = y[0] + SQUARE2 * y[2];
    const v8 odd1 = POINT1 * y[1] + (POINT1 * SQUARE1) * y[3], odd2 = POINT2 * y[1] + (POINT2 * SQUARE2) * y[3];
    t[0] = y[0];
    t[1] = even1 + odd1;
    t[2] = even1 - odd1;
    t[3] = even2 + odd2;
    t[4] = even2 - odd2;
    t[5] = y[3];
}

// Three taps of a filter from six values: G transposed. `normed` says that the points' norms were taken out beforehand.
static inline __attribute__((always_inline)) void VARIANT(gather3)(const int normed, const v8 m[6], v8 g[3]) {
    const float norm0 = normed ? 1 : NORM0, norm1 = normed ? 1 : NORM1, norm2 = normed ? 1 : NORM2;
    const v8 sum1 = (m[1] + m[2]) * (1 / norm1), sum2 = (m[3] + m[4]) * (1 / norm2);
    const v8 difference1 = (m[1] - m[2]) * (POINT1 / norm1), difference2 = (m[3] - m[4]) * (POINT2 / norm2);
    g[0] = m[0] * (1 / norm0) + sum1 + sum2;
    g[1] = difference1 + difference2;
    g[2] = SQUARE1 * sum1 + SQUARE2 * sum2 + m[5];
}

// One row of tiles of an image, all channels: from x to v[position][tile][channel], where positions are `place` apart, tiles
// `step`, and each sixteen channels `panel`.
static void VARIANT(spread_input)(int side, int channels, const float *image, int tile_row, float *v, long place,
                                  long step, long panel) {
    static const float nothing[8] = {0};
    const long line = (long)side * channels;
    v8 columns[66][6];
    for (int g = 0; g < channels; g += 8) {
        const float *first = image + (4 * tile_row - 1) * line + g;
        const float *above = tile_row == 0 ? nothing : first;
        const float *below = 4 * tile_row + 4 == side ? nothing : first + 5 * line;
        const long above_step = tile_row == 0 ? 0 : channels, below_step = 4 * tile_row + 4 == side ? 0 : channels;
        for (int r = 0; r < 6; r++) columns[0][r] = columns[side + 1][r] = SPLAT(0);
        for (int c = 0; c < side; c++) {
            const float *middle = first + line + (long)c * channels;
            const v8 d[6] = {VARIANT(load)(above + c * above_step), VARIANT(load)(middle),
                             VARIANT(load)(middle + line),          VARIANT(load)(middle + 2 * line),
                             VARIANT(load)(middle + 3 * line),      VARIANT(load)(below + c * below_step)};
            VARIANT(spread6)(d, columns[c + 1]);
        }
        for (int tile = 0; tile < side / 4; tile++) {
            float *target = v + tile * step + g / 16 * panel + g % 16;
            for (int r = 0; r < 6; r++) {
                v8 d[6], t[6];
                for (int c = 0; c < 6; c++) d[c] = columns[4 * tile + c][r];
                VARIANT(spread6)(d, t);
                for (int c = 0; c < 6; c++) VARIANT(store)(target + (6 * r + c) * place, t[c]);
            }
        }
    }
}

// One row of tiles of a gradient: from dy to v[position][tile][channel]; adds the sum over pixels to `total`. With `normed` it
// takes out the points' norms.
static inline __attribute__((always_inline)) void VARIANT(spread_gradient)(
    const int normed, int side, int channels, const float *image, int tile_row, float *v, long place, float *total) {
    static const float share[6] = {1 / NORM0, 1 / NORM1, 1 / NORM1, 1 / NORM2, 1 / NORM2, 1};
    const long line = (long)side * channels;
    for (int g = 0; g < channels; g += 8) {
        v8 sum = VARIANT(load)(total + g);
        for (int tile = 0; tile < side / 4; tile++) {
            const float *corner = image + 4 * tile_row * line + 4L * tile * channels + g;
            v8 columns[4][6];
            for (int c = 0; c < 4; c++) {
                v8 y[4];
                for (int r = 0; r < 4; r++) y[r] = VARIANT(load)(corner + r * line + (long)c * channels);
                sum += (y[0] + y[1]) + (y[2] + y[3]);
                VARIANT(spread4)(y, columns[c]);
            }
            float *target = v + (long)tile * channels + g;
            for (int r = 0; r < 6; r++) {
                const v8 y[4] = {columns[0][r], columns[1][r], columns[2][r], columns[3][r]};
                v8 t[6];
                VARIANT(spread4)(y, t);
                for (int c = 0; c < 6; c++)
                    VARIANT(store)(target + (6 * r + c) * place, normed ? t[c] * (share[r] * share[c]) : t[c]);
            }
        }
        VARIANT(store)(total + g, sum);
    }
}

// One row of tiles of the output: from m[position][tile][channel] to y.
static void VARIANT(gather_output)(int side, int channels, const float *m, long place, const float *bias, const float *addend,
                                   float *image, int tile_row) {
    const long line = (long)side * channels;
    for (int tile = 0; tile < side / 4; tile++) {
        for (int g = 0; g < channels; g += 8) {
            const float *source = m + (long)tile * channels + g;
            const v8 offset = bias ? VARIANT(load)(bias + g) : SPLAT(0);
            v8 rows[6][4];
            for (int c = 0; c < 6; c++) {
                v8 d[6];
                for (int r = 0; r < 6; r++) d[r] = VARIANT(load)(source + (6 * r + c) * place);
                VARIANT(gather4)(d, rows[c]);
            }
            const long start = 4 * tile_row * line + 4L * tile * channels + g;
            for (int r = 0; r < 4; r++) {
                const v8 d[6] = {rows[0][r], rows[1][r], rows[2][r], rows[3][r], rows[4][r], rows[5][r]};
                v8 y[4];
                VARIANT(gather4)(d, y);
                for (int c = 0; c < 4; c++) {
                    const long at = start + r * line + (long)c * channels;
                    v8 value = y[c] + offset;
                    if (addend) value += VARIANT(load)(addend + at);
                    VARIANT(store)(image + at, value);
                }
            }
        }
    }
}

static void VARIANT(conv3_forward)(int images, int side, int input, int output, const float *x, const float *packed,
                                   const float *bias, const float *addend, float *y, float *scratch) {
    const int wide = side / 4, rows = conv3_rows(side), total = images * wide;
    const long v_place = conv3_place(rows * wide, input), m_place = conv3_place(rows * wide, output);
    float *v = scratch, *m = scratch + 36 * v_place;
    const long image_x = (long)side * side * input, image_y = (long)side * side * output;
    for (int start = 0; start < total; start += rows) {
        const int count = total - start < rows ? total - start : rows;
        for (int r = 0; r < count; r++)
            VARIANT(spread_input)(side, input, x + (start + r) / wide * image_x, (start + r) % wide,
                                  v + (long)r * wide * input, v_place, input, 16);
        // Tiles are rounded up to whole blocks: what the rows beyond the last tile hold is never read.
        const int tiles = (count * wide + ROWS - 1) / ROWS * ROWS;
        for (int position = 0; position < 36; position++)
            VARIANT(multiply_rows)(tiles, input, output, v + position * v_place, input,
                                   packed + (long)position * input * output, NULL, 0, m + position * m_place, output);
        for (int r = 0; r < count; r++) {
            const long image = (start + r) / wide * image_y;
            VARIANT(gather_output)(side, output, m + (long)r * wide * output, m_place, bias,
                                   addend ? addend + image : NULL, y + image, (start + r) % wide);
        }
    }
}

// The 36 values of eight 3x3 filters: G g G transposed.
static void VARIANT(spread_filter)(const v8 g[9], float *target, long place) {
    v8 columns[3][6];
    for (int c = 0; c < 3; c++) {
        const v8 even1 = g[c] + SQUARE1 * g[6 + c], even2 = g[c] + SQUARE2 * g[6 + c];
        columns[c][0] = g[c] * (1 / NORM0);
        columns[c][1] = (even1 + POINT1 * g[3 + c]) * (1 / NORM1);
        columns[c][2] = (even1 - POINT1 * g[3 + c]) * (1 / NORM1);
        columns[c][3] = (even2 + POINT2 * g[3 + c]) * (1 / NORM2);
        columns[c][4] = (even2 - POINT2 * g[3 + c]) * (1 / NORM2);
        columns[c][5] = g[6 + c];
    }
    for (int r = 0; r < 6; r++) {
        const v8 g0 = columns[0][r], g1 = columns[1][r], g2 = columns[2][r];
        const v8 even1 = g0 + SQUARE1 * g2, even2 = g0 + SQUARE2 * g2;
        float *row = target + 6 * r * place;
        VARIANT(store)(row, g0 * (1 / NORM0));
        VARIANT(store)(row + place, (even1 + POINT1 * g1) * (1 / NORM1));
        VARIANT(store)(row + 2 * place, (even1 - POINT1 * g1) * (1 / NORM1));
        VARIANT(store)(row + 3 * place, (even2 + POINT2 * g1) * (1 / NORM2));
        VARIANT(store)(row + 4 * place, (even2 - POINT2 * g1) * (1 / NORM2));
        VARIANT(store)(row + 5 * place, g2);
    }
}

static void VARIANT(conv3_pack)(int input, int output, const float *weights, int turned, float *packed) {
    const long place = (long)input * output;
    for (int k = 0; k < input; k++) {
        for (int n = 0; n < output; n += 8) {
            v8 g[9];
            if (turned) {
                v8 forward[9];
                VARIANT(load_filters)(weights + 9 * ((long)k * output + n), 9, forward);
                for (int tap = 0; tap < 9; tap++) g[tap] = forward[8 - tap];
            } else {
                VARIANT(load_filters)(weights + 9 * ((long)n * input + k), 9L * input, g);
            }
            const int panel = n / 16 * 16, width = output - panel < 16 ? 8 : 16;
            VARIANT(spread_filter)(g, packed + (long)panel * input + (long)k * width + n % 16, place);
        }
    }
}

// The gradient of all filters from the sums over tiles: G transposed m G, into output x input x 3 x 3.
static void VARIANT(gather_filters)(int input, int output, const float *sums, float *gradient) {
    const long place = (long)input * output;
    for (int k = 0; k < input; k++) {
        for (int n = 0; n < output; n += 8) {
            const float *source = sums + (long)k * output + n;
            v8 rows[6][3];
            for (int c = 0; c < 6; c++) {
                v8 m[6];
                for (int r = 0; r < 6; r++) m[r] = VARIANT(load)(source + (6 * r + c) * place);
                VARIANT(gather3)(0, m, rows[c]);
            }
            v8 found[9];
            for (int r = 0; r < 3; r++) {
                const v8 m[6] = {rows[0][r], rows[1][r], rows[2][r], rows[3][r], rows[4][r], rows[5][r]};
                VARIANT(gather3)(0, m, found + 3 * r);
            }
            VARIANT(store_filters)(gradient + 9 * ((long)n * input + k), 9L * input, found);
        }
    }
}

// The gradients of one image of a single tile, directly: columns[pixel][channel][tap] once, then one product with dy. The
// way back from 36 positions would cost more than what they save.
static void VARIANT(small_gradient)(int side, int input, int output, const float *x, const float *dy, float *weights,
                                    float *bias, float *columns) {
    const int pixels = side * side;
    for (int pixel = 0; pixel < pixels; pixel++) {
        const int row = pixel / side, column = pixel % side;
        for (int c = 0; c < input; c += 8) {
            v8 taps[9];
            for (int tap = 0; tap < 9; tap++) {
                const int i = row + tap / 3 - 1, j = column + tap % 3 - 1;
                const int inside = i >= 0 && i < side && j >= 0 && j < side;
                taps[tap] = inside ? VARIANT(load)(x + ((long)i * side + j) * input + c) : SPLAT(0);
            }
            VARIANT(store_filters)(columns + ((long)pixel * input + c) * 9, 9, taps);
        }
    }
    VARIANT(multiply_columns)(pixels, output, 9 * input, dy, output, columns, 9L * input, weights, 9L * input, 0);
    for (int n = 0; n < output; n += 8) {
        v8 sum = SPLAT(0);
        for (int pixel = 0; pixel < pixels; pixel++) sum += VARIANT(load)(dy + (long)pixel * output + n);
        VARIANT(store)(bias + n, sum);
    }
}

// The gradients of height x width filters of one image: summed over the tiles, one column of positions after the other, and
// brought back while they are in the first-level cache. `apart` numbers lie between the filters of two outputs.
static inline __attribute__((always_inline)) void VARIANT(filter_block)(
    const int height, const int width, int tiles, const float *v, long v_place, const float *w, long w_place, int w_step,
    float *weights, long apart, float *sums) {
    const int place = height * width;
    const long none = 0;
    float *columns = sums + 6 * place;
    for (int c = 0; c < 6; c++) {
        for (int r = 0; r < 6; r++) {
            const float *a = w + (6 * r + c) * w_place, *b = v + (6 * r + c) * v_place;
            if (width == 16)
                VARIANT(block16)(height, 1, &none, tiles, a, 1, w_step, b, 16, NULL, 0, sums + r * place, 16);
            else
                VARIANT(block8)(height, 1, &none, tiles, a, 1, w_step, b, 16, NULL, 0, sums + r * place, 8);
        }
        for (int at = 0; at < place; at += 8) {
            v8 m[6], g[3];
            for (int r = 0; r < 6; r++) m[r] = VARIANT(load)(sums + r * place + at);
            VARIANT(gather3)(1, m, g);
            for (int r = 0; r < 3; r++) VARIANT(store)(columns + (6 * r + c) * place + at, g[r]);
        }
    }
    for (int at = 0; at < place; at += 8) {
        v8 found[9];
        for (int r = 0; r < 3; r++) {
            v8 m[6];
            for (int c = 0; c < 6; c++) m[c] = VARIANT(load)(columns + (6 * r + c) * place + at);
            VARIANT(gather3)(1, m, found + 3 * r);
        }
        VARIANT(store_filters)(weights + at / width * apart + 9 * (at % width), 9, found);
    }
}

// The gradients of one image whose tiles are transformed at once.
static void VARIANT(image_gradient)(int side, int input, int output, const float *x, const float *dy, float *weights,
                                    float *bias, float *scratch) {
    const int wide = side / 4, tiles = wide * wide;
    const long v_place = conv3_place(tiles, 16), w_place = conv3_place(tiles, output), panel = 36 * v_place;
    float *v = scratch, *w = v + (input + 15) / 16 * panel, *sums = w + 36 * w_place;
    memset(bias, 0, (size_t)output * sizeof(float));
    for (int row = 0; row < wide; row++) {
        VARIANT(spread_input)(side, input, x, row, v + row * wide * 16L, v_place, 16, panel);
        VARIANT(spread_gradient)(1, side, output, dy, row, w + (long)row * wide * output, w_place, bias);
    }
    for (int n = 0; n < output;) {
        const int whole = output - n == ROWS || output - n >= ROWS + RESTROWS;
        for (int k = 0; k < input; k += 16) {
            const int narrow = input - k < 16;
            float *target = weights + 9 * ((long)n * input + k);
#define MAKE(height, width)                                                                                     \
    VARIANT(filter_block)(height, width, tiles, v + k / 16 * panel, v_place, w + n, w_place, output, target, 9L * input, \
                          sums)
            if (whole && !narrow)
                MAKE(ROWS, 16);
            else if (whole)
                MAKE(ROWS, 8);
            else if (!narrow)
                MAKE(RESTROWS, 16);
            else
                MAKE(RESTROWS, 8);
#undef MAKE
        }
        n += whole ? ROWS : RESTROWS;
    }
}

static void VARIANT(conv3_gradient)(int images, int side, int input, int output, const float *x, const float *dy,
                                    float *weights, float *bias, long stride, float *scratch) {
    const int wide = side / 4, rows = conv3_rows(side);
    const long v_place = conv3_place(rows * wide, input), w_place = conv3_place(rows * wide, output);
    const long place = (long)input * output;
    float *v = scratch, *w = v + 36 * v_place, *sums = w + 36 * w_place;
    const long image_x = (long)side * side * input, image_y = (long)side * side * output;
    if (stride && side <= LAUREL_WHOLE) {
        for (int image = 0; image < images; image++)
            (side == 4 ? VARIANT(small_gradient) : VARIANT(image_gradient))(
                side, input, output, x + image * image_x, dy + image * image_y, weights + image * stride,
                bias + image * stride, scratch);
        return;
    }
    // One sum for the whole batch, or one for each image: `span` rows of tiles end in the same sum.
    const int span = stride ? wide : images * wide;
    for (int sum = 0; sum < (stride ? images : 1); sum++) {
        float *total = bias + sum * stride;
        memset(total, 0, (size_t)output * sizeof(float));
        for (int start = 0; start < span; start += rows) {
            const int count = span - start < rows ? span - start : rows;
            for (int r = 0; r < count; r++) {
                const int row = sum * span + start + r;
                VARIANT(spread_input)(side, input, x + row / wide * image_x, row % wide, v + (long)r * wide * input,
                                      v_place, input, 16);
                VARIANT(spread_gradient)(0, side, output, dy + row / wide * image_y, row % wide,
                                         w + (long)r * wide * output, w_place, total);
            }
            for (int position = 0; position < 36; position++)
                VARIANT(multiply_columns)(count * wide, input, output, v + position * v_place, input,
                                          w + position * w_place, output, sums + position * place, output, start > 0);
        }
        VARIANT(gather_filters)(input, output, sums, weights + sum * stride);
    }
}
