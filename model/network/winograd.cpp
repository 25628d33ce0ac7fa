// Convolutions by Winograd's algorithm (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016). Of
// 6 × 6 pixels come 4 × 4 of a 3 × 3 convolution by 36 multiplications instead of 144, or 5 × 5 of a 2 × 2 one by 36
// instead of 100: a tile. In one dimension six sums of the pixels, Bᵀd, are multiplied by six sums of the weights, Gg, and
// sums of the products, Aᵀm, are pixels of the convolution. So a strip of tiles is 36 matrices, tiles × channels, each of
// which is multiplied by a matrix of weights.
//
// A strip, and what becomes of it, stays in a core's own cache: memory is only read for features and written with them.
// What a tile becomes depends neither on its strip nor on threads: equal pictures come out equal.
//
// winograd.py has the weights; kernels.py builds this file, with BLOCK and WIDTHS, together with kernels.cpp.

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectors.h"

namespace {

constexpr int64_t LONGEST = 24;  // tiles of a strip

template <int C>
struct alignas(64) Pixel {
    float channels[C];
};

// Where a tile begins in what is written, and in what is read.
struct Place {
    int64_t image, top, left;
};

// Bᵀd of six vectors that are `step` apart, in their place.
void transform_input(Vector* d, int step) {
    const Vector d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const Vector even = d4 - 4 * d2, odd = d3 - 4 * d1, near = d4 - d2, twice = 2 * (d3 - d1);
    d[0] = 4 * d[0] - 5 * d2 + d4;
    d[step] = even + odd;
    d[2 * step] = even - odd;
    d[3 * step] = near + twice;
    d[4 * step] = near - twice;
    d[5 * step] = 4 * d1 - 5 * d3 + d[5 * step];
}

// Aᵀm of six vectors that are `step` apart, in the place of the first SIDE.
template <int SIDE>
void transform_output(Vector* m, int step) {
    const Vector sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
    const Vector other = m[3 * step] + m[4 * step], apart = m[3 * step] - m[4 * step];
    m[0] += sum + other;
    m[step] = difference + 2 * apart;
    m[2 * step] = sum + 4 * other;
    m[3 * step] = difference + 8 * apart;
    if (SIDE == 5) m[4 * step] = sum + 16 * other;
    m[(SIDE - 1) * step] += m[5 * step];
}

// The 36 values of a tile that are multiplied, for every channel, `length` from one another. Beyond the last row or
// column of the features stands that one again; what comes of it is not written.
template <int C>
void read_tile(const Features<const float>& from, const Place& at, Pixel<C>* inputs, int64_t length) {
    for (int c = 0; c < C; c += LANES) {
        Vector d[6][6];
        for (int y = 0; y < 6; ++y) {
            const float* row = from(at.image, std::min(at.top + y, from.height - 1), 0) + c;
            for (int x = 0; x < 6; ++x) d[y][x] = read(row + std::min(at.left + x, from.width - 1) * C);
        }
        for (int x = 0; x < 6; ++x) transform_input(&d[0][x], 6);
        for (int y = 0; y < 6; ++y) {
            transform_input(d[y], 1);
            for (int x = 0; x < 6; ++x) write(d[y][x], inputs[(y * 6 + x) * length].channels + c);
        }
    }
}

// What a tile becomes, from the products, `length` from one another: BLOCK of the channels of `out`.
template <int SIDE>
void write_tile(const Pixel<BLOCK>* products, int64_t length, const Place& at, const Features<float>& out) {
    for (int c = 0; c < BLOCK; c += LANES) {
        Vector m[6][6];
        for (int y = 0; y < 6; ++y)
            for (int x = 0; x < 6; ++x) m[y][x] = read(products[(y * 6 + x) * length].channels + c);
        for (int x = 0; x < 6; ++x) transform_output<SIDE>(&m[0][x], 6);
        for (int y = 0; y < std::min<int64_t>(SIDE, out.height - at.top); ++y) {
            transform_output<SIDE>(m[y], 1);
            float* row = out(at.image, at.top + y, at.left) + c;
            for (int x = 0; x < std::min<int64_t>(SIDE, out.width - at.left); ++x) write(m[y][x], row + x * out.pixel);
        }
    }
}

// AT_ONCE tiles × C channels, times C × BLOCK weights.
template <int C>
void multiply(const Pixel<C>* inputs, const float* weights, Pixel<BLOCK>* products) {
    for (int first = 0; first < BLOCK; first += 2 * LANES) {
        Vector sums[AT_ONCE][2] = {};
        for (int c = 0; c < C; ++c) {
            const float* from = weights + c * BLOCK + first;
            const Vector left = read(from), right = read(from + LANES);
#pragma GCC unroll 16
            for (int tile = 0; tile < AT_ONCE; ++tile) {
                sums[tile][0] += inputs[tile].channels[c] * left;
                sums[tile][1] += inputs[tile].channels[c] * right;
            }
        }
#pragma GCC unroll 16
        for (int tile = 0; tile < AT_ONCE; ++tile) {
            write(sums[tile][0], products[tile].channels + first);
            write(sums[tile][1], products[tile].channels + first + LANES);
        }
    }
}

// weights: (channels / BLOCK, 36, C, BLOCK), for the channels of `out`. Tiles are SIDE × SIDE pixels.
template <int C, int SIDE>
void convolve(const Features<const float>& features, const float* weights, const Features<float>& out) {
    const int64_t down = (out.height + SIDE - 1) / SIDE, across = (out.width + SIDE - 1) / SIDE;
    const int64_t tiles = features.images * down * across;
    const int64_t share = (tiles + omp_get_max_threads() - 1) / omp_get_max_threads();  // of a small picture, for each
    const int64_t length = std::min(LONGEST, (share + AT_ONCE - 1) / AT_ONCE * AT_ONCE);
    const auto place = [&](int64_t tile) {
        return Place{tile / across / down, tile / across % down * SIDE, tile % across * SIDE};
    };
#pragma omp parallel
    {
        std::vector<Pixel<C>> inputs(36 * length);
        std::vector<Pixel<BLOCK>> products(36 * length);
#pragma omp for schedule(dynamic)
        for (int64_t strip = 0; strip < tiles; strip += length) {
            const int64_t count = std::min(length, tiles - strip);
            for (int64_t tile = 0; tile < count; ++tile)
                read_tile<C>(features, place(strip + tile), &inputs[tile], length);
            for (int64_t first = 0; first < out.pixel; first += BLOCK) {
                for (int at = 0; at < 36; ++at)
                    for (int64_t tile = at * length; tile < at * length + count; tile += AT_ONCE)
                        multiply<C>(&inputs[tile], weights + (first * 36 + at * BLOCK) * C, &products[tile]);
                Features<float> block = out;
                block.data += first;
                for (int64_t tile = 0; tile < count; ++tile)
                    write_tile<SIDE>(&products[tile], length, place(strip + tile), block);
            }
        }
    }
}

}  // namespace

// Both have a multiple of BLOCK channels. kernel: 3, or 2. Returns 1 for a number of channels read that is none of the
// network's, else 0.
#define CASE(C)                                                                 \
    case C:                                                                     \
        if constexpr (C % BLOCK == 0) {                                         \
            (kernel == 3 ? convolve<C, 4> : convolve<C, 5>)(from, weights, to); \
            return 0;                                                           \
        }                                                                       \
        return 1;

extern "C" int convolve_winograd(const float* data, const int64_t* layout, const float* weights, int64_t kernel,
                                 float* out, const int64_t* out_layout) {
    const Features<const float> from FEATURES(data, layout);
    const Features<float> to FEATURES(out, out_layout);
    switch (from.pixel) { WIDTHS }
    return 1;
}
