#pragma once

// 3x3 convolutions with stride 1 and padding 1 by Winograd's F(4x4, 3x3), NHWC, for sides of 4, 8, 16, 32 or 64 and
// channels in multiples of eight. Like the other kernels they exist three times and the processor's best is taken.
// Everything is dense; weights are output x input x 3 x 3. Results do not depend on anything but the arguments.

/// Floats of packed weights.
long laurel_conv3_packed(int input, int output);
/// Floats of scratch that every function below needs for one shape.
long laurel_conv3_scratch(int side, int input, int output);

/// Transforms weights for laurel_conv3_forward. With `turned` they become those of the gradient of the input, a
/// convolution from the `input` channels above to the `output` channels below: weights are then input x output x 3 x 3.
void laurel_conv3_pack(int input, int output, const float *weights, int turned, float *packed);

/// y = convolution of x + bias + addend; bias and addend (which has y's shape and may be y) may be null.
void laurel_conv3_forward(int images, int side, int input, int output, const float *x, const float *packed,
                          const float *bias, const float *addend, float *y, float *scratch);

/// The gradients of weights and bias, overwriting. With `stride` 0 they are summed over the images; otherwise image i
/// has its own at weights + i * stride and bias + i * stride.
void laurel_conv3_gradient(int images, int side, int input, int output, const float *x, const float *dy,
                           float *weights, float *bias, long stride, float *scratch);
