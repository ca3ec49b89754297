#include "linear.h"

#include <string.h>

#include "variants.h"

#define BODY "linear_body.inc.h"
#include "every_variant.inc.h"

long laurel_linear_scratch(int input, int output) { return (long)input * output; }

void laurel_linear_forward(long rows, int input, int output, const float *x, const float *weights, int stride,
                           const float *bias, int keep, float *y, float *scratch) {
    DISPATCH(linear_forward, rows, input, output, x, weights, stride, bias, keep, y, scratch)
}

void laurel_linear_backward(long rows, int input, int output, const float *dy, const float *weights, int stride,
                            int keep, float *dx, float *scratch) {
    DISPATCH(linear_backward, rows, input, output, dy, weights, stride, keep, dx, scratch)
}

void laurel_linear_gradient(long rows, int input, int output, const float *x, const float *dy, float *weights,
                            int stride, float *bias) {
    DISPATCH(linear_gradient, rows, input, output, x, dy, weights, stride, bias)
}
