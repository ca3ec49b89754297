#include "winograd.h"

#include <string.h>

#include "variants.h"

// Winograd's minimal filtering F(4x4, 3x3): a tile of 4x4 outputs from 6x6 inputs costs 36 multiplications for each pair
// of channels instead of 144 (Winograd 1980; Lavin and Gray 2016). The six points are 0, +-3/4, +-3/2 and infinity,
// whose rounding error in single precision is a fifth of that of the usual 0, +-1, +-2 (Barabasz et al. 2020 on the
// choice of points), about four times that of a direct convolution.
#define POINT1 0.75f
#define POINT2 1.5f
#define SQUARE1 0.5625f
#define SQUARE2 2.25f
// Products of the differences between a point and the others: 0, +-POINT1, +-POINT2.
#define NORM0 1.265625f
#define NORM1 (-1.8984375f)
#define NORM2 7.59375f

// Rows of tiles that are computed together: their transforms stay in the second-level cache. A block of tiles is a
// multiple of twelve, which every variant's register block divides.
static int conv3_rows(int side) {
    const int wide = side / 4;
    return wide < 16 ? 24 / wide : 3;
}

// Floats from one position of the transformed domain to the next: an odd number of cache lines, so that the 36 streams
// of a transform fall into different sets of the cache.
static long conv3_place(int tiles, int channels) { return (((long)tiles * channels + 15) / 16 | 1) * 16; }

// Up to this side the gradients of one image take its tiles at once.
#define LAUREL_WHOLE 16

#define BODY "winograd_body.inc.h"
#include "every_variant.inc.h"

long laurel_conv3_packed(int input, int output) { return 36L * input * output; }

long laurel_conv3_scratch(int side, int input, int output) {
    const int wide = side / 4, tiles = conv3_rows(side) * wide;
    const long batch = 36 * (conv3_place(tiles, input) + conv3_place(tiles, output)) + 36L * input * output;
    // One image by itself: its tiles in panels of sixteen channels, and 24 of the tallest register blocks.
    const long image = 36 * ((input + 15) / 16 * conv3_place(wide * wide, 16) + conv3_place(wide * wide, output)) +
                       24 * 12 * 16;
    return side <= LAUREL_WHOLE && image > batch ? image : batch;
}

void laurel_conv3_pack(int input, int output, const float *weights, int turned, float *packed) {
    DISPATCH(conv3_pack, input, output, weights, turned, packed)
}

void laurel_conv3_forward(int images, int side, int input, int output, const float *x, const float *packed,
                          const float *bias, const float *addend, float *y, float *scratch) {
    DISPATCH(conv3_forward, images, side, input, output, x, packed, bias, addend, y, scratch)
}

void laurel_conv3_gradient(int images, int side, int input, int output, const float *x, const float *dy,
                           float *weights, float *bias, long stride, float *scratch) {
    DISPATCH(conv3_gradient, images, side, input, output, x, dy, weights, bias, stride, scratch)
}
