// Convolutions of 3 × 3 pixels, of features with a border of zeros, by Winograd's algorithm (winograd.h), there and back: on the
// way there with their bias and a ReLU, if they have any, and on the way back with gradients that pass where that let features
// pass.
//
// Everything is channels-last. What a tile becomes depends neither on its strip nor on threads.
//
// convolution.py has the weights, and builds this file with BLOCK.

#include <cstdint>
#include <limits>
#include <type_traits>

#include "winograd.h"

namespace {

constexpr int SIDE = 4;

// What is read, with so many zeros around it: features, and null; or gradients, and the features that a ReLU has left, above
// zero where it let them pass.
template <typename T>
struct Given {
    Features<const T> features;
    const T* passed;
    int64_t border;
};

// LANES channels of a tile, from c on, for transform_tile. WHOLE: none of it lies in the border.
template <bool WHOLE, bool GATED, typename T>
INLINE void read_columns(const Given<T>& from, const Place& at, int c, Vector (*d)[6]) {
    const Features<const T>& features = from.features;
    const int64_t top = at.top - from.border, left = at.left - from.border;
    const T* corner = features(at.image, top, left) + c;
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
        const bool beside = !WHOLE && (left + x < 0 || left + x >= features.width);
#pragma GCC unroll 6
        for (int y = 0; y < 6; ++y) {
            d[y][x] = Vector{};
            if (beside || (!WHOLE && (top + y < 0 || top + y >= features.height))) continue;
            const T* place = corner + y * features.row + x * features.pixel;
            d[y][x] = read(place);
            if (GATED) d[y][x] = read(from.passed + (place - features.data)) > 0 ? d[y][x] : Vector{};
            if (WHOLE && x >= 2) {  // the next tile's
                __builtin_prefetch(place + SIDE * features.pixel);
                if (GATED) __builtin_prefetch(from.passed + (place - features.data) + SIDE * features.pixel);
            }
        }
        transform_input(&d[0][x], 6);
    }
}

// What is multiplied of a tile. Returns what it is a multiple of.
template <int C, typename T, typename Multiplied>
float read_place(const Given<T>& from, const Place& at, Pixel<Multiplied, C>* inputs, int64_t length, float most) {
    const Features<const T>& features = from.features;
    const int64_t top = at.top - from.border, left = at.left - from.border;
    const bool whole = top >= 0 && left >= 0 && top + 6 <= features.height && left + 6 <= features.width;
    const auto read = [&](auto is_whole, auto is_gated) __attribute__((always_inline)) {
        const auto columns = [&](int c, Vector(*d)[6]) __attribute__((always_inline)) {
            read_columns<is_whole, is_gated>(from, at, c, d);
        };
        return read_tile<C>(columns, inputs, length, most);
    };
    constexpr std::true_type yes;
    constexpr std::false_type no;
    if (from.passed) return whole ? read(yes, yes) : read(no, yes);
    return whole ? read(yes, no) : read(no, no);
}

// What a tile becomes: BLOCK channels of `out`. bias: of these, and nothing below zero is left; or null.
template <typename T, typename Sum>
void write_tile(const Pixel<Sum, BLOCK>* products, int64_t length, float scale, const float* scales, const Place& at,
                const float* bias, const Features<T>& out) {
    const float least = bias ? 0.0f : -std::numeric_limits<float>::infinity();
    for (int c = 0; c < BLOCK; c += LANES) {
        const Vector plus = bias ? read(bias + c) : Vector{};
        Vector m[6][6];
        transform_columns<SIDE>(products, length, scales, c, m);
#pragma GCC unroll 4
        for (int y = 0; y < SIDE; ++y) {
            if (at.top + y >= out.height) break;
            transform_output<SIDE>(m[y], 1);
            T* row = out(at.image, at.top + y, at.left) + c;
#pragma GCC unroll 4
            for (int x = 0; x < SIDE; ++x) {
                const Vector value = m[y][x] * scale + plus;
                if (at.left + x < out.width) write(value < least ? Vector{} + least : value, row + x * out.pixel);
            }
        }
    }
}

// weights, scales: see winograd.py, for the channels of `out`. most: of a tile's integers.
template <int C, typename Sum, typename Multiplied, typename T>
void convolve(const Given<T>& from, const Multiplied* weights, const float* scales, float most, const float* bias,
              const Features<T>& out) {
    const auto read = [&](const Place& at, Pixel<Multiplied, C>* inputs, int64_t length) {
        return read_place<C>(from, at, inputs, length, most);
    };
    const auto write = [&](const Place& at, int64_t first, const Pixel<Sum, BLOCK>* products, int64_t length, float scale) {
        Features<T> block = out;
        block.data += first;
        write_tile(products, length, scale, scales + first * 36, at, bias ? bias + first : nullptr, block);
    };
    convolve_tiles<C, SIDE, Sum>(out.images, out.height, out.width, out.pixel, weights, read, write);
}

}  // namespace

// Whether weights are integers, and what they are multiples of, instead of floats.
extern "C" bool multiplies_integers() { return FROM_INTEGERS; }

#if FROM_INTEGERS
typedef int16_t Multiplied;
typedef int32_t Sum;
#else
typedef float Multiplied;
typedef float Sum;
#endif

#define CASE(C)                                                                                            \
    case C:                                                                                                \
        convolve<C, Sum>(from, static_cast<const Multiplied*>(weights), scales, most, bias, to);           \
        return 0;

// shape: images, height, width, border, channels read and written. Returns 1 for a number read that is not convolution.py's.
#define CONVOLVE(NAME, T)                                                                                              \
    extern "C" int NAME(const T* features, const T* passed, const int64_t* shape, const void* weights,                 \
                        const float* scales, float most, const float* bias, T* out) {                                  \
        const int64_t images = shape[0], height = shape[1], width = shape[2], border = shape[3];                       \
        const int64_t read = shape[4], written = shape[5], down = height + 2 * border - 2, across = width + 2 * border - 2; \
        const Given<T> from{{features, images, height, width, height * width * read, width * read, read}, passed, border}; \
        const Features<T> to{out, images, down, across, down * across * written, across * written, written};           \
        switch (read) { CASE(32) CASE(64) CASE(128) CASE(256) CASE(512) }                                              \
        return 1;                                                                                                      \
    }

CONVOLVE(convolve_float32, float)
CONVOLVE(convolve_bfloat16, Bfloat16)
