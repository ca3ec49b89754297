#pragma once

// 3x3 convolutions with padding 1 that Winograd's method does not suit, computed directly: few channels on one side, or
// stride 2. An image gets a border of zeros; then the three taps of a row lie side by side in memory, and every step is a
// product of matrices whose rows overlap. Everything is dense NHWC; weights are output x input x 3 x 3. With stride 2 the
// side is even. Results do not depend on anything but the arguments.

/// Floats of packed weights for any of the functions.
long laurel_direct_packed(int input, int output);
/// Floats of scratch that every function below needs for one shape.
long laurel_direct_scratch(int side, int input, int output);

/// Weights for laurel_direct_forward. With `turned` they become those of the gradient of the input of a convolution with
/// stride 1 from `output` to `input` channels: weights are then input x output x 3 x 3.
void laurel_direct_pack(int input, int output, const float *weights, int turned, float *packed);

/// y = convolution of x + bias, which may be null; `output` is a multiple of eight.
void laurel_direct_forward(int images, int side, int stride, int input, int output, const float *x,
                           const float *packed, const float *bias, float *y, float *scratch);

/// The gradients of weights and bias, overwriting and summed over the images; `output` is a multiple of eight. With `turned` it
/// is that of a convolution with stride 1 from `output` to `input` channels: dy is then its input, x its output's gradient.
void laurel_direct_gradient(int images, int side, int stride, int input, int output, const float *x, const float *dy,
                            int turned, float *weights, float *bias, float *scratch);

/// Weights for laurel_halved_data.
void laurel_halved_pack(int input, int output, const float *weights, float *packed);

/// dx = gradient of the input of a convolution with stride 2, added to dx with `keep`; both channel counts come in eights.
void laurel_halved_data(int images, int side, int input, int output, const float *dy, const float *packed, int keep,
                        float *dx, float *scratch);

/// Weights for laurel_narrow_forward. `turned` is that of laurel_direct_pack.
void laurel_narrow_pack(int input, int output, const float *weights, int turned, float *packed);

/// y = convolution of x + bias, which may be null, from eights of channels to one or three, stride 1; the side is a
/// multiple of eight.
void laurel_narrow_forward(int images, int side, int input, int output, const float *x, const float *packed,
                           const float *bias, float *y, float *scratch);
