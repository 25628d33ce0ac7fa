// The network's convolutions by Winograd's algorithm (winograd.h). One that moves by two pixels is one of 2 × 2 weights for two
// by two pixels at a time, which are pixels of four times as many channels.
//
// Memory is only read for features and written with them, which are measured, for the next normalization, as they are written.
// What a tile becomes depends neither on its strip nor on threads: equal pictures come out equal.
//
// winograd.py has the weights; kernels.py builds this file, with BLOCK and WIDTHS, together with kernels.cpp.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "moments.h"
#include "winograd.h"

namespace {

constexpr float LARGEST = 16383;  // of a tile's integers: winograd.py counts on it

// Reads LANES channels of a tile, from c on, for transform_tile. What comes of the repeated last row or column is not written.
// STRIDE × STRIDE pixels are one. Those of the next tile are fetched meanwhile.
template <int STRIDE, int C>
INLINE void read_columns(const Reading& from, const Place& at, int c, Vector (*d)[6]) {
    constexpr int OWN = C / (STRIDE * STRIDE);
    const int64_t top = at.top * STRIDE + c / OWN / STRIDE, left = at.left * STRIDE + c / OWN % STRIDE;
    const auto normalized = from.normalized(at.image, c % OWN);
    const Stored* rows[6];
    for (int y = 0; y < 6; ++y) rows[y] = from.row(at.image, top + y * STRIDE) + c % OWN;
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
}

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
        transform_columns<SIDE>(products, length, scales, c, m);
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

// weights: see winograd.h, for the channels of `out`. scales: what integers are multiples of, (channels / BLOCK, 36, BLOCK).
template <int C, int STRIDE, int SIDE, typename T, typename Sum>
void convolve(const Reading& features, const T* weights, const float* scales, const Features<Stored>& out,
              const Moments& moments) {
    const int64_t tiles = ((out.height + SIDE - 1) / SIDE) * ((out.width + SIDE - 1) / SIDE);
    const int64_t groups = (tiles + AT_ONCE - 1) / AT_ONCE;  // whose sums do not depend on how long a strip is
    std::vector<double> sums(moments.found ? features.images * groups * 2 * out.pixel : 0);
    const auto read = [&](const Place& at, Pixel<T, C>* inputs, int64_t length) __attribute__((always_inline)) {
        const auto columns = [&](int c, Vector(*d)[6]) __attribute__((always_inline)) {
            read_columns<STRIDE, C>(features, at, c, d);
        };
        return read_tile<C>(columns, inputs, length, LARGEST);
    };
    const auto write = [&](const Place& at, int64_t first, const Pixel<Sum, BLOCK>* products, int64_t length,
                           float scale) __attribute__((always_inline)) {
        Features<Stored> block = out;
        block.data += first;
        const int64_t group = at.image * groups + at.number / AT_ONCE;
        double* sum = moments.found ? &sums[group * 2 * out.pixel + first] : nullptr;
        write_tile<SIDE>(products, length, scale, scales + first * 36, at, block, out.pixel - first,
                         moments.inside(first, out.pixel), sum, sum ? sum + out.pixel : nullptr);
    };
    convolve_tiles<C, SIDE, Sum>(features.images, out.height, out.width, out.pixel, weights, read, write);
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
