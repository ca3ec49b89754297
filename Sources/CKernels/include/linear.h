#pragma once

// Linear layers between many rows and few channels, which is what 1x1 convolutions are; `sgemm` of a general library is
// made for larger matrices. Channels come in multiples of eight; weights are output x input, `stride` apart.

/// Floats of scratch for laurel_linear_forward.
long laurel_linear_scratch(int input, int output);

/// y = x * weights transposed + bias, where bias may be null; with `keep` y is added to instead (and bias is not read).
void laurel_linear_forward(long rows, int input, int output, const float *x, const float *weights, int stride,
                           const float *bias, int keep, float *y, float *scratch);

/// dx = dy * weights, added to dx when `keep`; dx is dense.
void laurel_linear_backward(long rows, int input, int output, const float *dy, const float *weights, int stride,
                            int keep, float *dx, float *scratch);

/// Gradient of the weights, overwriting, and of the bias when it is given.
void laurel_linear_gradient(long rows, int input, int output, const float *x, const float *dy, float *weights,
                            int stride, float *bias);
