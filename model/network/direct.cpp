// A convolution of a picture that moves by two pixels, computed as it is written down: Winograd's algorithm would spare
// hardly a multiplication. What is computed at once, AT_ONCE pixels of two vectors of channels, stays in registers.
//
// direct.py has the weights; kernels.py builds this file together with kernels.cpp.

#include <cstdint>
#include <type_traits>

#include "vectors.h"

namespace {

constexpr int STRIDE = 2;  // pixels from one place to the next

// COUNT pixels of `out`, two vectors of their channels. picture: from where the first of them reads, rows `row` apart.
template <int COUNT>
INLINE void convolve(const float* picture, int64_t row, int64_t size, const float* weights, int64_t channels, Stored* out) {
    Vector sums[COUNT][2] = {};
    for (int64_t y = 0; y < size; ++y, picture += row)
        for (int64_t k = 0; k < size * FEW; ++k, weights += channels) {
            const Vector left = read(weights), right = read(weights + LANES);
#pragma GCC unroll 16
            for (int n = 0; n < COUNT; ++n) {
                sums[n][0] += picture[n * STRIDE * FEW + k] * left;
                sums[n][1] += picture[n * STRIDE * FEW + k] * right;
            }
        }
#pragma GCC unroll 16
    for (int n = 0; n < COUNT; ++n) {
        write(sums[n][0], out + n * channels);
        write(sums[n][1], out + n * channels + LANES);
    }
}

}  // namespace

// The picture is channels-last; `out` has a multiple of BLOCK channels. weights: (size, size, FEW, channels).
extern "C" void convolve_direct(const float* data, const int64_t* layout, const float* weights, int64_t size, Stored* out,
                                const int64_t* out_layout) {
    const Features<const float> picture FEATURES(data, layout);
    const Features<Stored> to FEATURES(out, out_layout);
#pragma omp parallel for schedule(dynamic)
    for (int64_t row = 0; row < to.images * to.height; ++row) {
        const int64_t image = row / to.height, y = row % to.height;
        for (int64_t first = 0; first < to.pixel; first += 2 * LANES) {
            const auto pixels = [&](int64_t x, auto count) __attribute__((always_inline)) {
                convolve<count>(picture(image, y * STRIDE, x * STRIDE), picture.row, size, weights + first, to.pixel,
                                to(image, y, x) + first);
            };
            int64_t x = 0;
            for (; x + AT_ONCE <= to.width; x += AT_ONCE) pixels(x, std::integral_constant<int, AT_ONCE>());
            for (; x < to.width; ++x) pixels(x, std::integral_constant<int, 1>());
        }
    }
}
