// What PyTorch does elsewhere: a painting of what the network's last normalization leaves.

#include "vectors.h"

namespace {

// 1 / (1 + e⁻ˣ), within four roundings.
INLINE Vector sigmoid(const Vector& x) {
    constexpr float TO_TWO = -1.44269504088896f, MOST = 126, SHIFT = 3 << 22;  // whose last bit is a one
    const Vector y = x * TO_TWO, above = greater(y, Vector{} - MOST), power = above < MOST ? above : Vector{} + MOST;
    const Vector whole = (power + SHIFT) - SHIFT, rest = power - whole;
    // 2 to the rest, which is within -1/2 and 1/2: its Taylor series
    const Vector square = rest * rest, low = rest * 6.93147181e-1f + 1, middle = rest * 5.55041087e-2f + 2.40226507e-1f;
    const Vector high = (rest * 1.54035304e-4f + 1.33335581e-3f) * rest + 9.61812911e-3f;
    const Vector sum = (high * square + middle) * square + low;
    const Integers scaled = Integers(sum) + (__builtin_convertvector(whole, Integers) << 23);
    return 1 / (1 + Vector(scaled));
}

}  // namespace

// A painting as planes, from 0 to 1, of pixels that may be any numbers.
extern "C" void leave(const float* pixels, int64_t height, int64_t width, float* planes) {
    const int64_t plane = height * width;
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < height; ++line) {
        const float* from = pixels + line * width * FEW;
        float* to = planes + line * width;
        std::vector<float> row(width * FEW);
        for (int64_t at = 0; at < width * FEW; at += LANES) {
            const int64_t x = place(at, width * FEW);
            write(sigmoid(read(from + x)), row.data() + x);
        }
        const float* values = row.data();
#pragma omp simd
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < FEW; ++c) to[c * plane + x] = values[x * FEW + c];
    }
}
