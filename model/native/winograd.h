// Winograd's algorithm for any source (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016). Of
// 6 × 6 pixels come 4 × 4 of a 3 × 3 convolution by 36 multiplications instead of 144, or 5 × 5 of a 2 × 2 one by 36
// instead of 100, or 3 × 3 of a 4 × 4 one instead of 144: a tile. In one dimension six sums of the pixels, Bᵀd, are
// multiplied by six sums of the weights, Gg, and sums of the products, Aᵀm, are pixels of the convolution. So a strip of
// tiles is 36 matrices, tiles × channels, each of which is multiplied by a matrix of weights.
//
// Most processors multiply integers of 16 bits twice as fast as floats. Where this one does, what is multiplied becomes
// integers: a tile's values multiples of a part of its largest one, weights multiples of what keeps their products'
// sums within 32 bits. In and out of the transformations everything is float.
//
// winograd.py has the weights, and BLOCK, with which whatever includes this is built.

#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vectors.h"

// Where two products of 16-bit integers, added up, take no longer than one of floats.
#if defined(__AVX512VNNI__) || defined(__AVXVNNI__) || (defined(__AVX2__) && !defined(__AVX512F__)) || \
    defined(__wasm_simd128__)
#define FROM_INTEGERS 1
#else
#define FROM_INTEGERS 0
#endif

namespace {

constexpr int64_t LONGEST = 24;  // tiles of a strip

// Where a tile begins, and its number among those of its image.
struct Place {
    int64_t image, number, top, left;
};

// What is multiplied, and what its products add up to, is T.
template <typename T, int C>
struct alignas(64) Pixel {
    T channels[C];
};

// Bᵀd of six vectors that are `step` apart, in their place.
INLINE void transform_input(Vector* d, int step) {
    const Vector d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const Vector even = d4 - 4 * d2, odd = d3 - 4 * d1, near = 2 * (d4 - d2), twice = 4 * (d3 - d1);
    d[0] = 4 * d[0] - 5 * d2 + d4;
    d[step] = even + odd;
    d[2 * step] = even - odd;
    d[3 * step] = near + twice;
    d[4 * step] = near - twice;
    d[5 * step] = 4 * d1 - 5 * d3 + d[5 * step];
}

// Aᵀm of six vectors that are `step` apart, in the place of the first SIDE.
template <int SIDE>
INLINE void transform_output(Vector* m, int step) {
    const Vector sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
    const Vector other = m[3 * step] + m[4 * step], apart = m[3 * step] - m[4 * step];
    m[0] += sum + other;
    m[step] = difference + 2 * apart;
    m[2 * step] = sum + 4 * other;
    m[3 * step] = difference + 8 * apart;
    if (SIDE == 5) m[4 * step] = sum + 16 * other;
    m[(SIDE - 1) * step] += m[5 * step];
}

// The 36 values of a tile that are multiplied, for every channel, `length` from one another, and of each lane the largest
// one's bits without its sign: floats without one are in order. read_columns(c, d): reads LANES channels of 6 × 6 pixels, from
// c on, and transforms each column.
template <int C, typename Read>
INLINE Integers transform_tile(const Read& read_columns, Pixel<float, C>* inputs, int64_t length) {
    Integers largest = {};
    for (int c = 0; c < C; c += LANES) {
        Vector d[6][6];
        read_columns(c, d);
#pragma GCC unroll 6
        for (int y = 0; y < 6; ++y) {
            transform_input(d[y], 1);
#pragma GCC unroll 6
            for (int x = 0; x < 6; ++x) {
                const Integers size = Integers(d[y][x]) & 0x7fffffff;
                largest = size > largest ? size : largest;
                write(d[y][x], inputs[(y * 6 + x) * length].channels + c);
            }
        }
    }
    return largest;
}

// What is multiplied of a tile. Returns what it is a multiple of.
template <int C, typename Read>
float read_tile(const Read& read_columns, Pixel<float, C>* inputs, int64_t length, float) {
    transform_tile<C>(read_columns, inputs, length);
    return 1;
}

// The same as integers, up to `most`.
template <int C, typename Read>
float read_tile(const Read& read_columns, Pixel<int16_t, C>* inputs, int64_t length, float most) {
    Pixel<float, C> values[36];
    int32_t lanes[LANES];
    write(transform_tile<C>(read_columns, values, 1), lanes);
    // Of what is no number, whose bits are the largest, comes none.
    const float largest = std::max(read<float>(std::max_element(lanes, lanes + LANES)), 1e-30f), times = most / largest;
    for (int value = 0; value < 36; ++value)
        for (int c = 0; c < C; c += LANES) {
            const Vector rounded = read(values[value].channels + c) * times + 0x1.8p23f;  // an integer's bits are the last
            write(narrowed(read<Integers>(&rounded)), inputs[value * length].channels + c);
        }
    return largest / most;
}

INLINE Vector as_floats(const float* products, const float*) { return read(products); }

INLINE Vector as_floats(const int32_t* products, const float* scales) {
    return __builtin_convertvector(read<Integers>(products), Vector) * read(scales);
}

// Aᵀm in both dimensions but for its rows, which are left to whoever writes them: of LANES of the BLOCK channels.
template <int SIDE, typename T>
INLINE void transform_columns(const Pixel<T, BLOCK>* products, int64_t length, const float* scales, int c,
                              Vector (*m)[6]) {
#pragma GCC unroll 6
    for (int x = 0; x < 6; ++x) {
#pragma GCC unroll 6
        for (int y = 0; y < 6; ++y)
            m[y][x] = as_floats(products[(y * 6 + x) * length].channels + c, scales + (y * 6 + x) * BLOCK + c);
        transform_output<SIDE>(&m[0][x], 6);
    }
}

// AT_ONCE tiles × C channels, times C × BLOCK weights.
template <int C>
void multiply(const Pixel<float, C>* inputs, const float* weights, Pixel<float, BLOCK>* products) {
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

#if FROM_INTEGERS
// In each lane the products of two integers are added to a sum.
INLINE Integers add_products(const Integers& sums, const Integers& one, const Integers& other) {
#if defined(__AVX512VNNI__)
    return (Integers)_mm512_dpwssd_epi32((__m512i)sums, (__m512i)one, (__m512i)other);
#elif defined(__AVXVNNI__)
    return (Integers)_mm256_dpwssd_avx_epi32((__m256i)sums, (__m256i)one, (__m256i)other);
#elif defined(__wasm_simd128__)
    return sums + (Integers)wasm_i32x4_dot_i16x8((v128_t)one, (v128_t)other);
#else
    return sums + (Integers)_mm256_madd_epi16((__m256i)one, (__m256i)other);
#endif
}

// The same with integers; weights of two channels lie together.
template <int C>
void multiply(const Pixel<int16_t, C>* inputs, const int16_t* weights, Pixel<int32_t, BLOCK>* products) {
    for (int first = 0; first < BLOCK; first += 2 * LANES) {
        Integers sums[AT_ONCE][2] = {};
        for (int c = 0; c < C; c += 2) {
            const int16_t* from = weights + c * BLOCK + 2 * first;
            const Integers left = read<Integers>(from), right = read<Integers>(from + 2 * LANES);
#pragma GCC unroll 16
            for (int tile = 0; tile < AT_ONCE; ++tile) {
                const Integers pair = Integers{} + read<int32_t>(inputs[tile].channels + c);
                sums[tile][0] = add_products(sums[tile][0], pair, left);
                sums[tile][1] = add_products(sums[tile][1], pair, right);
            }
        }
#pragma GCC unroll 16
        for (int tile = 0; tile < AT_ONCE; ++tile) {
            write(sums[tile][0], products[tile].channels + first);
            write(sums[tile][1], products[tile].channels + first + LANES);
        }
    }
}
#endif

// All tiles, of SIDE × SIDE pixels each, of images (height, width, channels) that are written. A strip of them, and what becomes
// of it, stays in a core's own cache. weights: (channels / BLOCK, 36, C, BLOCK), or with integers (channels / BLOCK, 36, C / 2,
// BLOCK, 2).
//
// read(place, inputs, length): as read_tile. write(place, first, products, length, scale): a tile's BLOCK channels from `first`
// on, multiples of the `scale` that read has told.
template <int C, int SIDE, typename Sum, typename T, typename Read, typename Write>
void convolve_tiles(int64_t images, int64_t height, int64_t width, int64_t channels, const T* weights, const Read& read,
                    const Write& write) {
    const int64_t down = (height + SIDE - 1) / SIDE, across = (width + SIDE - 1) / SIDE, tiles = down * across;
    const int64_t threads = omp_get_max_threads(), share = (images * tiles + threads - 1) / threads;
    const int64_t shared = std::max((share + AT_ONCE - 1) / AT_ONCE, int64_t(1)) * AT_ONCE;  // a small picture's, by all
    const int64_t length = std::min(LONGEST, shared);
    const int64_t apart = length + 1;  // the 36 values of a tile would else compete for the same lines of a cache
    const int64_t strips = (tiles + length - 1) / length;  // of an image
#pragma omp parallel
    {
        std::vector<Pixel<T, C>> inputs(36 * apart);
        std::vector<Pixel<Sum, BLOCK>> products(36 * apart);
        Place places[LONGEST];
        float scale[LONGEST];
#pragma omp for schedule(dynamic)
        for (int64_t strip = 0; strip < images * strips; ++strip) {
            const int64_t begin = strip % strips * length, count = std::min(length, tiles - begin);
            for (int64_t tile = 0; tile < count; ++tile) {
                const int64_t number = begin + tile;
                places[tile] = {strip / strips, number, number / across * SIDE, number % across * SIDE};
                scale[tile] = read(places[tile], &inputs[tile], apart);
            }
            for (int64_t first = 0; first < channels; first += BLOCK) {
                for (int at = 0; at < 36; ++at)
                    for (int64_t tile = at * apart; tile < at * apart + count; tile += AT_ONCE)
                        multiply<C>(&inputs[tile], weights + (first * 36 + at * BLOCK) * C, &products[tile]);
                for (int64_t tile = 0; tile < count; ++tile)
                    write(places[tile], first, &products[tile], apart, scale[tile]);
            }
        }
    }
}

}  // namespace
