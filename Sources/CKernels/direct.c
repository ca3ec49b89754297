#include "direct.h"

#include <string.h>

#include "variants.h"

// Rows of a gradient that belong to one row of taps: three for each channel, but no fewer than what register blocks make.
static int direct_height(int channels) { return channels == 1 ? 4 : 3 * channels; }

// Images that a gradient takes together: what they hold stays in the first-level cache, or, where they would have fewer than
// 64 pixels and carrying the sums in and out of the registers would cost too much, in the second-level one. Their parts are
// listed.
#define LAUREL_DIRECT_PARTS 256
#define LAUREL_DIRECT_HELD 32768
static int direct_group(int side, int stride, int input, int output) {
    const int out = side / stride, held = (side + 2) * (side + 2) * input + out * out * output;
    const int room = LAUREL_DIRECT_HELD / 4 / held, enough = (63 + out * out) / (out * out);
    const int most = LAUREL_DIRECT_HELD / held, parts = LAUREL_DIRECT_PARTS / out;
    int group = room > enough ? room : enough;
    if (group > most) group = most;
    if (group > parts) group = parts;
    return group < 1 ? 1 : group;
}

#define BODY "direct_body.inc.h"
#include "every_variant.inc.h"

long laurel_direct_packed(int input, int output) { return 9L * (input + 8) * (output + 8); }

long laurel_direct_scratch(int side, int input, int output) {
    const long wider = input > output ? input : output, pixels = (long)(side + 2) * (side + 2);
    // One image with its border, or those of a group; behind them a few more numbers may be read, though not used; then
    // the sums of a gradient and of its bias's.
    const long held = pixels * wider > LAUREL_DIRECT_HELD ? pixels * wider : LAUREL_DIRECT_HELD;
    return held + 64 + 9 * wider * wider + 4 * wider;
}

void laurel_direct_pack(int input, int output, const float *weights, int turned, float *packed) {
    for (int n = 0; n < output; n += 16) {
        const int width = output - n < 16 ? 8 : 16;
        for (int tap = 0; tap < 9; tap++)
            for (int k = 0; k < input; k++)
                for (int lane = n; lane < n + width; lane++)
                    *packed++ = turned ? weights[((long)k * output + lane) * 9 + 8 - tap]
                                       : weights[((long)lane * input + k) * 9 + tap];
    }
}

void laurel_halved_pack(int input, int output, const float *weights, float *packed) {
    // An even row is tap 1 of the gradient's row; an odd row tap 2 of that row and tap 0 of the next. So are columns.
    static const int first[2] = {1, 2}, second[2] = {1, 0};
    for (int parity = 0; parity < 4; parity++)
        for (int n = 0; n < input; n += 16) {
            const int width = input - n < 16 ? 8 : 16, a = parity / 2, b = parity % 2;
            for (int i = 0; i <= a; i++)
                for (int j = 0; j <= b; j++)
                    for (int o = 0; o < output; o++)
                        for (int lane = n; lane < n + width; lane++)
                            *packed++ = weights[((long)o * input + lane) * 9 + 3 * (i ? second[a] : first[a]) +
                                                (j ? second[b] : first[b])];
        }
}

void laurel_narrow_pack(int input, int output, const float *weights, int turned, float *packed) {
    for (int o = 0; o < output; o++)
        for (int k = 0; k < input; k++)
            for (int tap = 0; tap < 9; tap++)
                *packed++ = turned ? weights[((long)k * output + o) * 9 + 8 - tap]
                                   : weights[((long)o * input + k) * 9 + tap];
}

void laurel_direct_forward(int images, int side, int stride, int input, int output, const float *x,
                           const float *packed, const float *bias, float *y, float *scratch) {
    DISPATCH(direct_forward, images, side, stride, input, output, x, packed, bias, y, scratch)
}

void laurel_direct_gradient(int images, int side, int stride, int input, int output, const float *x, const float *dy,
                            int turned, float *weights, float *bias, float *scratch) {
    DISPATCH(direct_gradient, images, side, stride, input, output, x, dy, turned, weights, bias, scratch)
}

void laurel_halved_data(int images, int side, int input, int output, const float *dy, const float *packed, int keep,
                        float *dx, float *scratch) {
    DISPATCH(halved_data, images, side, input, output, dy, packed, keep, dx, scratch)
}

void laurel_narrow_forward(int images, int side, int input, int output, const float *x, const float *packed,
                           const float *bias, float *y, float *scratch) {
    DISPATCH(narrow_forward, images, side, input, output, x, packed, bias, y, scratch)
}
