// What kernels have in common: a machine's vectors, and features as they lie in memory and as convolutions read them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

#if defined(__AVX2__) && defined(__F16C__)
#define STORES_HALVES 1
#else
#define STORES_HALVES 0
#endif

#define INLINE inline __attribute__((always_inline))

namespace {

// A vector of the machine's, and tiles that are multiplied at once: two vectors of sums for each fit into registers.
#if defined(__AVX512F__)
constexpr int LANES = 16, AT_ONCE = 12;
#elif defined(__AVX2__)
constexpr int LANES = 8, AT_ONCE = 6;
#elif defined(__wasm__)
constexpr int LANES = 4, AT_ONCE = 4;
#else
constexpr int LANES = 4, AT_ONCE = 6;
#endif

constexpr int FEW = 3;  // channels of a picture

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t Integers __attribute__((vector_size(LANES * sizeof(int32_t))));

template <typename T = Vector, typename Number>
INLINE T read(const Number* from) {
    T values;
    std::memcpy(&values, from, sizeof values);
    return values;
}

template <typename T, typename Number>
INLINE void write(const T& values, Number* to) {
    std::memcpy(to, &values, sizeof values);
}

// The greater of both, in each lane; of what is no number, `other`.
INLINE Vector greater(const Vector& one, const Vector& other) {
#if defined(__wasm_simd128__)
    return (Vector)wasm_f32x4_pmax((v128_t)other, (v128_t)one);  // a compiler would do it in four
#else
    return one > other ? one : other;
#endif
}

// Those of a table at such places.
INLINE Vector gathered(const float* table, const Integers& places) {
#if defined(__AVX512F__)
    return (Vector)_mm512_i32gather_ps((__m512i)places, table, sizeof *table);
#elif defined(__AVX2__)
    return (Vector)_mm256_i32gather_ps(table, (__m256i)places, sizeof *table);
#else
    Vector found;
    for (int lane = 0; lane < LANES; ++lane) found[lane] = table[places[lane]];
    return found;
#endif
}

typedef uint16_t Words __attribute__((vector_size(LANES * sizeof(uint16_t))));

// The last 16 bits of each.
INLINE Words narrowed(const Integers& values) {
#if defined(__AVX512F__)
    return Words(_mm512_cvtepi32_epi16(__m512i(values)));  // a compiler would do it in two halves
#else
    return __builtin_convertvector(values, Words);
#endif
}

INLINE Integers widened(const Words& values) {
#if defined(__AVX512F__)
    return Integers(_mm512_cvtepu16_epi32(__m256i(values)));
#else
    return __builtin_convertvector(values, Integers);
#endif
}

// The first 16 bits of a float.
struct Bfloat16 {
    uint16_t bits;
};

template <typename Bits>
INLINE Bits rounded(const Bits& bits) {  // to the nearest, ties to even
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

INLINE Vector read(const Bfloat16* from) { return Vector(widened(read<Words>(&from->bits)) << 16); }

INLINE void write(const Vector& values, Bfloat16* to) {
#if defined(__AVX512BF16__)
    write(__m256i(_mm512_cvtneps_pbh(__m512(values))), &to->bits);
#else
    write(narrowed(rounded(Integers(values))), &to->bits);
#endif
}

// What a convolution leaves lies in memory as Stored: where a machine converts a vector of halves by one instruction it takes
// half the room, and half the time to fetch. Everything is computed in floats.
#if STORES_HALVES
struct Half {
    static constexpr float MOST = 65504;  // what is larger is infinite
    uint16_t bits;
};

INLINE Vector read(const Half* from) {
#if defined(__AVX512F__)
    return (Vector)_mm512_cvtph_ps(read<__m256i>(&from->bits));
#else
    return (Vector)_mm256_cvtph_ps(read<__m128i>(&from->bits));
#endif
}

INLINE auto halves(const Vector& values) {
    constexpr Vector most = Vector{} + Half::MOST;
    const Vector above = values < -most ? -most : values, bounded = above > most ? most : above;  // what is no number stays
#if defined(__AVX512F__)
    return _mm512_cvtps_ph((__m512)bounded, _MM_FROUND_TO_NEAREST_INT);
#else
    return _mm256_cvtps_ph((__m256)bounded, _MM_FROUND_TO_NEAREST_INT);
#endif
}

INLINE void write(const Vector& values, Half* to) { write(halves(values), &to->bits); }

typedef Half Stored;
#else
typedef float Stored;
#endif

// The first `count` of a vector's values.
template <typename T>
INLINE void write(const Vector& values, T* to, int64_t count) {
    if (count >= LANES) return write(values, to);
    T all[LANES];
    write(values, static_cast<T*>(all));
    std::memcpy(to, all, count * sizeof *to);
}

// Where the vectors of so many values begin: the last one ends with them, and overlaps the one before.
INLINE int64_t place(int64_t at, int64_t count) { return std::min(at, count - LANES); }

// Shorter vectors, whatever the machine's, and what their values add up to.
typedef float Four __attribute__((vector_size(4 * sizeof(float))));
typedef float Eight __attribute__((vector_size(8 * sizeof(float))));

INLINE float added_up(const Four& parts) { return (parts[0] + parts[2]) + (parts[1] + parts[3]); }

INLINE float added_up(const Eight& parts) {
    return ((parts[0] + parts[4]) + (parts[2] + parts[6])) + ((parts[1] + parts[5]) + (parts[3] + parts[7]));
}

// Features of several images, channels-last; `image`, `row` and `pixel` are how many values one of them lies behind the
// one before.
template <typename T>
struct Features {
    T* data;
    int64_t images, height, width, image, row, pixel;

    T* operator()(int64_t n, int64_t y, int64_t x) const { return data + n * image + y * row + x * pixel; }
};

// Which row or column stands in a border, mirrored, or that of the edge.
inline int64_t inside(int64_t at, int64_t size, bool replicate) {
    if (at < 0) return replicate ? 0 : -at;
    if (at >= size) return replicate ? size - 1 : 2 * (size - 1) - at;
    return at;
}

// Features that a convolution reads with a border around them, which is not in memory, and as the normalization before it
// would have left them: nothing is written in between. They are channels-last; doubled, they are stored as a convolution
// over corners leaves them, see kernels.cpp.
class Reading {
public:
    // layout: images, height, width, image, row, channels, whether doubled, top, left; then the border: left, right, above,
    // below, whether it repeats the edge. scale, shift: (images, channels), and nothing below zero is left; or null.
    Reading(const Stored* data, const int64_t* layout, const float* scale, const float* shift)
        : images(layout[0]), channels(layout[5]), data(data), image(layout[3]),
          rows(places(layout[1], layout[11], layout[12], layout[13], layout[6], layout[7], layout[4], 2 * channels)),
          columns(places(layout[2], layout[9], layout[10], layout[13], layout[6], layout[8],
                         layout[6] ? 4 * channels : channels, channels)),
          ones(scale ? 0 : images * channels, 1.0f), zeros(scale ? 0 : images * channels),
          scale(scale ? scale : ones.data()), shift(scale ? shift : zeros.data()),
          least(scale ? 0.0f : -std::numeric_limits<float>::infinity()) {}

    const int64_t images, channels;

    // Beyond the last row or column of the border stands that one again.
    const Stored* row(int64_t n, int64_t y) const {
        return data + n * image + rows[std::min(y, int64_t(rows.size()) - 1)];
    }

    int64_t column(int64_t x) const { return columns[std::min(x, int64_t(columns.size()) - 1)]; }

    // What normalizes the channels from c on.
    struct Scale {
        Vector times, plus;
        float least;

        INLINE Vector operator()(const Stored* values) const {
            return greater(read(values) * times + plus, Vector{} + least);
        }
    };

    INLINE Scale normalized(int64_t n, int64_t c) const {
        return {read(scale + n * channels + c), read(shift + n * channels + c), least};
    }

private:
    const Stored* data;
    const int64_t image;
    const std::vector<int64_t> rows, columns;  // how many values each of them lies behind the first
    const std::vector<float> ones, zeros;
    const float *scale, *shift;
    const float least;

    static std::vector<int64_t> places(int64_t size, int64_t before, int64_t after, bool replicate, bool doubled,
                                       int64_t first, int64_t far, int64_t near) {
        std::vector<int64_t> found(before + size + after);
        for (int64_t at = 0; at < int64_t(found.size()); ++at) {
            const int64_t own = inside(at - before, size, replicate), of_two = own + first + 1;
            found[at] = doubled ? of_two / 2 * far + of_two % 2 * near : own * far;
        }
        return found;
    }
};

}  // namespace

// Features are passed as their data and a layout: images, height, width, image, row, pixel.
#define FEATURES(DATA, LAYOUT) {DATA, LAYOUT[0], LAYOUT[1], LAYOUT[2], LAYOUT[3], LAYOUT[4], LAYOUT[5]}
