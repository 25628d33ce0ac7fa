// What convolutions by Winograd's algorithm have in common: a machine's vectors, and features as they lie in memory.

#pragma once

#include <cstdint>
#include <cstring>

#define INLINE inline __attribute__((always_inline))

namespace {

// A vector of the machine's, and tiles that are multiplied at once: two vectors of sums for each fit into registers.
#if defined(__AVX512F__)
constexpr int LANES = 16, AT_ONCE = 12;
#elif defined(__AVX2__)
constexpr int LANES = 8, AT_ONCE = 6;
#else
constexpr int LANES = 4, AT_ONCE = 6;
#endif

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

// Features of several images, channels-last; `image`, `row` and `pixel` are how many values one of them lies behind the
// one before.
template <typename T>
struct Features {
    T* data;
    int64_t images, height, width, image, row, pixel;

    T* operator()(int64_t n, int64_t y, int64_t x) const { return data + n * image + y * row + x * pixel; }
};

}  // namespace

// Features are passed as their data and a layout: images, height, width, image, row, pixel.
#define FEATURES(DATA, LAYOUT) {DATA, LAYOUT[0], LAYOUT[1], LAYOUT[2], LAYOUT[3], LAYOUT[4], LAYOUT[5]}
