// One source for all variants of the linear layers; see linear.h for what they compute.

static void VARIANT(linear_forward)(long rows, int input, int output, const float *x, const float *weights, int stride,
                                    const float *bias, int keep, float *y, float *scratch) {
    float *panel = scratch;
    for (int n = 0; n < output; n += 16) {
        const int width = output - n < 16 ? 8 : 16;
        for (int k = 0; k < input; k++)
            for (int lane = 0; lane < width; lane++) *panel++ = weights[(long)(n + lane) * stride + k];
    }
    VARIANT(multiply_rows)(rows, input, output, x, input, scratch, keep ? y : bias, keep ? output : 0, y, output);
}

static void VARIANT(linear_backward)(long rows, int input, int output, const float *dy, const float *weights,
                                     int stride, int keep, float *dx, float *scratch) {
    float *panel = scratch;
    for (int n = 0; n < input; n += 16) {
        const int width = input - n < 16 ? 8 : 16;
        for (int k = 0; k < output; k++, panel += width)
            memcpy(panel, weights + (long)k * stride + n, (size_t)width * sizeof(float));
    }
    VARIANT(multiply_rows)(rows, output, input, dy, output, scratch, keep ? dx : NULL, input, dx, input);
}

static void VARIANT(linear_gradient)(int images, long rows, int input, int output, const float *x, const float *dy,
                                     float *weights, int stride, float *bias, long apart) {
    const long part = rows / images;
    // So many rows at a time stay in the cache while every block of the result reads them.
    const long chunk = 192;
    for (int image = 0; image < images; image++) {
        float *total = bias ? bias + image * apart : NULL;
        if (total) memset(total, 0, (size_t)output * sizeof(float));
        for (long start = 0; start < part; start += chunk) {
            const int count = (int)(part - start < chunk ? part - start : chunk);
            const float *a = dy + (image * part + start) * output, *b = x + (image * part + start) * input;
            VARIANT(multiply_columns)(count, output, input, a, output, b, input, weights + image * apart, stride,
                                      start > 0);
            for (int n = 0; total && n < output; n += 8) {
                v8 sum = VARIANT(load)(total + n);
                for (int row = 0; row < count; row++) sum += VARIANT(load)(a + (long)row * output + n);
                VARIANT(store)(total + n, sum);
            }
        }
    }
}
