// What stands around the network: a photo as its first convolution reads it, and a painting of what its last normalization
// leaves. Outside they are planes, (3, height, width), inside pixels.

#include <cmath>

#include "vectors.h"

constexpr float GREY = 0.5f;  // fast_network.py says why

// padding: left, right, above and below, where the picture is mirrored. out: with its padding.
extern "C" void enter(const float* planes, int64_t height, int64_t width, const int64_t* padding, float* out) {
    const int64_t rows = padding[2] + height + padding[3], columns = padding[0] + width + padding[1];
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = planes + inside(row - padding[2], height, false) * width;
        float* to = out + row * columns * FEW;
        for (int64_t column = 0; column < columns; ++column) {
            const int64_t x = inside(column - padding[0], width, false);
            for (int c = 0; c < FEW; ++c) *to++ = from[c * height * width + x] - GREY;
        }
    }
}

extern "C" void leave(const float* pixels, int64_t height, int64_t width, float* planes) {
    const int64_t count = height * width;
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < height; ++row)
        for (int64_t at = row * width; at < (row + 1) * width; ++at)
            for (int c = 0; c < FEW; ++c) planes[c * count + at] = 1 / (1 + std::exp(-pixels[at * FEW + c]));
}
