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

static void VARIANT(linear_gradient)(long rows, int input, int output, const float *x, const float *dy, float *weights,
                                     int stride, float *bias) {
    // So many rows at a time stay in the cache while every block of the result reads them.
    const long chunk = 192;
    if (bias) memset(bias, 0, (size_t)output * sizeof(float));
    for (long start = 0; start < rows; start += chunk) {
        const int count = (int)(rows - start < chunk ? rows - start : chunk);
        const float *a = dy + start * output;
        VARIANT(multiply_columns)(count, output, input, a, output, x + start * input, input, weights, stride, start > 0);
        for (int n = 0; bias && n < output; n += 8) {
            v8 sum = VARIANT(load)(bias + n);
            for (int row = 0; row < count; row++) sum += VARIANT(load)(a + (long)row * output + n);
            VARIANT(store)(bias + n, sum);
        }
    }
}
