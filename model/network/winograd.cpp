// Convolutions by Winograd's algorithm (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016). Of
// 6 × 6 pixels come 4 × 4 of a 3 × 3 convolution by 36 multiplications instead of 144, or 5 × 5 of a 2 × 2 one by 36
// instead of 100, or 3 × 3 of a 4 × 4 one instead of 144: a tile. In one dimension six sums of the pixels, Bᵀd, are
// multiplied by six sums of the weights, Gg, and sums of the products, Aᵀm, are pixels of the convolution. So a strip of
// tiles is 36 matrices, tiles × channels, each of which is multiplied by a matrix of weights. A convolution that moves by two
// pixels is one of 2 × 2 weights for two by two pixels at a time, which are pixels of four times as many channels.
//
// Most processors multiply integers of 16 bits twice as fast as floats. Where this one does, what is multiplied becomes
// integers: a tile's values multiples of its largest one's 16383rd part, weights multiples of what keeps their products'
// sums within 32 bits. In and out of the transformations everything is float.
//
// A strip, and what becomes of it, stays in a core's own cache: memory is only read for features and written with them,
// which are measured, for the next normalization, as they are written.
// What a tile becomes depends neither on its strip nor on threads: equal pictures come out equal.
//
// winograd.py has the weights; kernels.py builds this file, with BLOCK and WIDTHS, together with kernels.cpp.

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

// What is multiplied, and what its products add up to, is T.
template <typename T, int C>
struct alignas(64) Pixel {
    T channels[C];
};

constexpr float LARGEST = 16383;  // of a tile's integers: winograd.py's LIMIT counts on it

// Where a tile begins in what is written, and in what is read.
struct Place {
    int64_t image, top, left;
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
// one's bits without its sign: floats without one are in order. What comes of the repeated last row or column is not
// written. STRIDE × STRIDE pixels are one. Those of the next tile are fetched meanwhile.
template <int STRIDE, int C>
INLINE Integers transform_tile(const Reading& from, const Place& at, Pixel<float, C>* inputs, int64_t length) {
    constexpr int OWN = C / (STRIDE * STRIDE);
    Integers largest = {};
    for (int c = 0; c < C; c += LANES) {
        const int64_t top = at.top * STRIDE + c / OWN / STRIDE, left = at.left * STRIDE + c / OWN % STRIDE;
        const auto normalized = from.normalized(at.image, c % OWN);
        const Stored* rows[6];
        for (int y = 0; y < 6; ++y) rows[y] = from.row(at.image, top + y * STRIDE) + c % OWN;
        Vector d[6][6];
#pragma GCC unroll 6
        for (int x = 0; x < 6; ++x) {
            const int64_t column = from.column(left + x * STRIDE), next = from.column(left + (x + 4) * STRIDE);
#pragma GCC unroll 6
            for (int y = 0; y < 6; ++y) {
                d[y][x] = normalized(rows[y] + column);
                if (x >= 2) __builtin_prefetch(rows[y] + next);
            }
            transform_input(&d[0][x], 6);
        }
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
template <int STRIDE, int C>
float read_tile(const Reading& from, const Place& at, Pixel<float, C>* inputs, int64_t length) {
    transform_tile<STRIDE>(from, at, inputs, length);
    return 1;
}

// The same as integers, up to LARGEST.
template <int STRIDE, int C>
float read_tile(const Reading& from, const Place& at, Pixel<int16_t, C>* inputs, int64_t length) {
    Pixel<float, C> values[36];
    float lanes[LANES];
    write(transform_tile<STRIDE>(from, at, values, 1), lanes);
    const float most = std::max(*std::max_element(lanes, lanes + LANES), 1e-30f), times = LARGEST / most;
    for (int value = 0; value < 36; ++value)
        for (int c = 0; c < C; c += LANES) {
            const Vector rounded = read(values[value].channels + c) * times + 0x1.8p23f;  // an integer's bits are the last
            write(narrowed(read<Integers>(&rounded)), inputs[value * length].channels + c);
        }
    return most / LARGEST;
}

INLINE Vector as_floats(const float* products, const float*) { return read(products); }

INLINE Vector as_floats(const int32_t* products, const float* scales) {
    return __builtin_convertvector(read<Integers>(products), Vector) * read(scales);
}

// Places of features that are measured, those from `top` and `left` on to before `bottom` and `right`: others around
// corners lie beyond the border.
struct Inside {
    int64_t top, bottom, left, right;
};

// Adds to `sums` the values of LANES channels of a tile, and to `squares` their squares. Within the tile they are added up
// as differences from one of them: what has little variance would else lose it in a float's digits.
template <int SIDE>
INLINE void add_up(const Vector (*values)[6], const Place& at, const Inside& inside, double* sums, double* squares) {
    typedef double Doubles __attribute__((vector_size(LANES * sizeof(double))));
    const int64_t top = std::max(inside.top - at.top, int64_t(0)), bottom = std::min(inside.bottom - at.top, int64_t(SIDE));
    const int64_t left = std::max(inside.left - at.left, int64_t(0)), right = std::min(inside.right - at.left, int64_t(SIDE));
    const double count = double(std::max(bottom - top, int64_t(0)) * std::max(right - left, int64_t(0)));
    const Vector origin = values[0][0];
    Vector sum[SIDE] = {}, square[SIDE] = {};  // of each column: one waits for what was added before
    const auto add = [&](auto where) __attribute__((always_inline)) {
#pragma GCC unroll 5
        for (int y = 0; y < SIDE; ++y)
#pragma GCC unroll 5
            for (int x = 0; x < SIDE; ++x)
                if (where(y, x)) {
                    const Vector apart = values[y][x] - origin;
                    sum[x] += apart;
                    square[x] += apart * apart;
                }
    };
    if (count == SIDE * SIDE) add([](int, int) { return true; });
    else add([&](int y, int x) { return y >= top && y < bottom && x >= left && x < right; });
#pragma GCC unroll 5
    for (int x = 1; x < SIDE; ++x) sum[0] += sum[x], square[0] += square[x];
    const Doubles from = __builtin_convertvector(origin, Doubles), total = __builtin_convertvector(sum[0], Doubles);
    write(read<Doubles>(sums) + count * from + total, sums);
    write(read<Doubles>(squares) + from * (count * from + 2 * total) + __builtin_convertvector(square[0], Doubles), squares);
}

// What a tile becomes, from the products, `length` from one another: BLOCK of the channels of `out`, or all. What they are
// multiples of is the tile's `scale` times that of their value and channel, `scales`. sums, squares: of these channels, or
// null.
template <int SIDE, typename T>
void write_tile(const Pixel<T, BLOCK>* products, int64_t length, float scale, const float* scales, const Place& at,
                const Features<Stored>& out, int64_t channels, const Inside& inside, double* sums, double* squares) {
    constexpr bool TO_PICTURE = SIDE == 3;  // which has fewer channels than BLOCK
    for (int c = 0; c < (TO_PICTURE ? channels : BLOCK); c += LANES) {
        Vector m[6][6];
#pragma GCC unroll 6
        for (int x = 0; x < 6; ++x) {
#pragma GCC unroll 6
            for (int y = 0; y < 6; ++y)
                m[y][x] = as_floats(products[(y * 6 + x) * length].channels + c, scales + (y * 6 + x) * BLOCK + c);
            transform_output<SIDE>(&m[0][x], 6);
        }
#pragma GCC unroll 5
        for (int y = 0; y < SIDE; ++y) {
            if (at.top + y >= out.height) break;
            transform_output<SIDE>(m[y], 1);
            Stored* row = out(at.image, at.top + y, at.left) + c;
#pragma GCC unroll 5
            for (int x = 0; x < SIDE; ++x) {
                m[y][x] *= scale;
                if (at.left + x < out.width) write(m[y][x], row + x * out.pixel, TO_PICTURE ? channels - c : LANES);
            }
        }
        if (sums) add_up<SIDE>(m, at, inside, sums + c, squares + c);
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

// What is found of features as they are written: means, then variances, of the channels of each image; null if nothing is.
// height, width: of the features, which are twice as large as what is written where that is pixels around corners.
struct Moments {
    double* found;
    int64_t height, width;
    bool doubled;

    // Where the BLOCK channels from `first` of `all` on, which are of one pixel, are measured.
    Inside inside(int64_t first, int64_t all) const {
        if (!doubled) return {0, height, 0, width};
        const int64_t pixel = first / (all / 4), down = pixel / 2, right = pixel % 2;
        return {1 - down, (height - down) / 2 + 1, 1 - right, (width - right) / 2 + 1};
    }

    // From sums and sums of squares, (groups, 2, channels), of each image `groups`.
    void find(const std::vector<double>& sums, int64_t images, int64_t groups, int64_t channels) const {
        const int64_t own = doubled ? channels / 4 : channels;
        const double count = double(height) * double(width);
        for (int64_t image = 0; image < images; ++image) {
            std::vector<double> total(2 * own);
            for (int64_t group = image * groups; group < (image + 1) * groups; ++group)
                for (int64_t power = 0; power < 2; ++power)
                    for (int64_t first = 0; first < channels; first += own)
                        for (int64_t c = 0; c < own; ++c)
                            total[power * own + c] += sums[(group * 2 + power) * channels + first + c];
            for (int64_t c = 0; c < own; ++c) {
                const double mean = total[c] / count;
                found[image * own + c] = mean;
                found[(images + image) * own + c] = std::max(total[own + c] / count - mean * mean, 0.0);
            }
        }
    }
};

// weights: (channels / BLOCK, 36, C, BLOCK), or with integers (channels / BLOCK, 36, C / 2, BLOCK, 2), for the channels of
// `out`. scales: what integers are multiples of, (channels / BLOCK, 36, BLOCK). Tiles are SIDE × SIDE pixels.
template <int C, int STRIDE, int SIDE, typename T, typename Sum>
void convolve(const Reading& features, const T* weights, const float* scales, const Features<Stored>& out,
              const Moments& moments) {
    const int64_t down = (out.height + SIDE - 1) / SIDE, across = (out.width + SIDE - 1) / SIDE, tiles = down * across;
    const int64_t threads = omp_get_max_threads(), share = (features.images * tiles + threads - 1) / threads;
    const int64_t shared = std::max((share + AT_ONCE - 1) / AT_ONCE, int64_t(1)) * AT_ONCE;  // a small picture's, by all
    const int64_t length = std::min(LONGEST, shared);
    const int64_t apart = length + 1;  // the 36 values of a tile would else compete for the same lines of a cache
    const int64_t strips = (tiles + length - 1) / length;  // of an image
    const int64_t groups = (tiles + AT_ONCE - 1) / AT_ONCE;  // whose sums do not depend on how long a strip is
    std::vector<double> sums(moments.found ? features.images * groups * 2 * out.pixel : 0);
#pragma omp parallel
    {
        std::vector<Pixel<T, C>> inputs(36 * apart);
        std::vector<Pixel<Sum, BLOCK>> products(36 * apart);
        float scale[LONGEST];
#pragma omp for schedule(dynamic)
        for (int64_t strip = 0; strip < features.images * strips; ++strip) {
            const int64_t from = strip % strips * length, count = std::min(length, tiles - from);
            const auto place = [&](int64_t tile) {
                return Place{strip / strips, (from + tile) / across * SIDE, (from + tile) % across * SIDE};
            };
            for (int64_t tile = 0; tile < count; ++tile)
                scale[tile] = read_tile<STRIDE>(features, place(tile), &inputs[tile], apart);
            for (int64_t first = 0; first < out.pixel; first += BLOCK) {
                for (int at = 0; at < 36; ++at)
                    for (int64_t tile = at * apart; tile < at * apart + count; tile += AT_ONCE)
                        multiply<C>(&inputs[tile], weights + (first * 36 + at * BLOCK) * C, &products[tile]);
                Features<Stored> block = out;
                block.data += first;
                const Inside inside = moments.inside(first, out.pixel);
                for (int64_t tile = 0; tile < count; ++tile) {
                    const int64_t group = strip / strips * groups + (from + tile) / AT_ONCE;
                    double* sum = moments.found ? &sums[group * 2 * out.pixel + first] : nullptr;
                    write_tile<SIDE>(&products[tile], apart, scale[tile], scales + first * 36, place(tile), block,
                                     out.pixel - first, inside, sum, sum ? sum + out.pixel : nullptr);
                }
            }
        }
    }
    if (moments.found) moments.find(sums, features.images, groups, out.pixel);
}

}  // namespace

// Whether convolve_winograd takes integers for weights, and what they are multiples of, instead of floats.
extern "C" bool multiplies_integers() { return FROM_INTEGERS; }

// What is read has a multiple of BLOCK channels, and what is measured. kernel: 4, 3, or 2. found, height, width, doubled:
// see Moments. Returns 1 for a number of channels read that is none of the network's, else 0.
#if FROM_INTEGERS
#define CONVOLVE(C, STRIDE, SIDE) convolve<C, STRIDE, SIDE, int16_t, int32_t>(from, static_cast<const int16_t*>(weights), scales, to, moments)
#else
#define CONVOLVE(C, STRIDE, SIDE) convolve<C, STRIDE, SIDE, float, float>(from, static_cast<const float*>(weights), scales, to, moments)
#endif

#define CASE(C)                                               \
    case C:                                                   \
        if constexpr (C % BLOCK == 0) {                       \
            if (stride == 2) CONVOLVE(4 * C, 2, 5);           \
            else if (kernel == 4) CONVOLVE(C, 1, 3);          \
            else if (kernel == 3) CONVOLVE(C, 1, 4);          \
            else CONVOLVE(C, 1, 5);                           \
            return 0;                                         \
        }                                                     \
        return 1;

extern "C" int convolve_winograd(const Stored* data, const int64_t* layout, const float* scale, const float* shift,
                                 const void* weights, const float* scales, int64_t kernel, int64_t stride, Stored* out,
                                 const int64_t* out_layout, double* found, int64_t height, int64_t width, bool doubled) {
    const Reading from(data, layout, scale, shift);
    const Features<Stored> to FEATURES(out, out_layout);
    const Moments moments{found, height, width, doubled};
    switch (from.channels) { WIDTHS }
    return 1;
}
