// Convolutions with a large kernel, between a picture's channels and many, by Winograd's algorithm, nested (Jiang, Chen and
// Tsui, "A Reconfigurable Winograd CNN Accelerator with Nesting Decomposition Algorithm for Computing Convolution with Large
// Filters", 2021). The kernel is cut into pieces of 3 × 3 weights, and what each of them contributes to 3 × 3 pixels, a
// tile, takes 25 multiplications instead of 81. Pieces are as far apart as tiles are, so that all of them read tiles of one
// grid: a tile is transformed once, and what the pieces make of their tiles is added up before it is transformed back. Of
// 9 × 9 weights for a pixel 25 multiplications are left.
//
// A thread goes down a strip of tiles and keeps as many transformed rows as the kernel has pieces: they stay in a core's
// own cache. What a tile becomes depends neither on its strip nor on threads: equal pictures come out equal.
//
// nested.py has the weights; kernels.py builds this file, with BLOCK, together with kernels.cpp.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "vectors.h"

// What is in memory is read anew: else a compiler keeps what neighbouring tiles share, for which there are no registers.
#define APART __attribute__((noinline))
#define READ_AGAIN asm volatile("" ::: "memory")

namespace {

constexpr int SIDE = 3, SIZE = 5;  // pixels that become of a tile, and that it is made of, in each direction
constexpr int PRODUCTS = SIZE * SIZE;
constexpr int64_t ROWS = 16;  // of tiles, in a strip

// Bᵀd of five values that are `step` apart, in their place.
template <typename T>
INLINE void transform_input(T* d, int step) {
    const T d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    d[0] = 2 * (d0 - d2) + (d3 - d1);
    d[step] = (d3 - d2) - 2 * d1;
    d[2 * step] = 2 * d1 - 3 * d2 + d3;
    d[3 * step] = d3 - d1;
    d[4 * step] += 2 * (d1 - d3) - d2;
}

// Aᵀm of five vectors that are `step` apart, in the place of the first three.
INLINE void transform_output(Vector* m, int step) {
    const Vector sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
    m[0] += sum + m[3 * step];
    m[step] = difference + 2 * m[3 * step];
    m[2 * step] = sum + 4 * m[3 * step] + m[4 * step];
}

// A strip: `across` tiles wide, the rows from `top` on, of an image.
struct Strip {
    int64_t image, top, left, down, across;
};

// Values that vectors are read from where they begin.
struct alignas(64) Line {
    float values[16];
};

struct Values {
    std::vector<Line> lines;

    explicit Values(int64_t count) : lines((count + 15) / 16) {}

    float* data() { return lines[0].values; }
};

// Transformed tiles, a ring of as many rows as the kernel has pieces, each `across` tiles of C channels wide; the 25 values
// of a tile are `apart`.
template <int C>
struct Ring {
    int64_t pieces, across, apart;
    Values values;

    Ring(int64_t pieces, int64_t longest)
        : pieces(pieces), across(longest + pieces - 1), apart(pieces * across * C), values(PRODUCTS * apart) {}

    float* operator[](int64_t row) { return values.data() + row % pieces * across * C; }
};

// A picture, its channels `channel` values from one another; beyond its last row or column stands that one again.
struct Picture {
    Features<const float> pixels;
    int64_t channel;

    const float* row(int64_t n, int64_t y) const { return pixels(n, std::min(y, pixels.height - 1), 0); }

    int64_t column(int64_t x) const { return std::min(x, pixels.width - 1) * pixels.pixel; }

    struct Channel {
        int64_t at;

        float operator()(const float* pixel) const { return pixel[at]; }
    };

    Channel normalized(int64_t, int64_t c) const { return {c * (channel - 1)}; }
};

// A row of tiles of what is read. What comes of the repeated last row or column is not written.
template <typename T, int C, typename Source>
void read_row(const Source& from, const Strip& strip, int64_t row, Ring<C>& ring) {
    decltype(from.row(0, 0)) rows[SIZE];
    for (int y = 0; y < SIZE; ++y) rows[y] = from.row(strip.image, (strip.top + row) * SIDE + y);
    float* to = ring[row];
    for (int64_t tile = 0; tile < strip.across + ring.pieces - 1; ++tile, to += C) {
        int64_t columns[SIZE + SIDE];
        for (int x = 0; x < SIZE + SIDE; ++x) columns[x] = from.column((strip.left + tile) * SIDE + x);
        for (int64_t c = 0; c < C; c += sizeof(T) / sizeof(float)) {
            const auto normalized = from.normalized(strip.image, c);
            T d[SIZE][SIZE];
#pragma GCC unroll 5
            for (int y = 0; y < SIZE; ++y)
#pragma GCC unroll 5
                for (int x = 0; x < SIZE; ++x) {
                    d[y][x] = normalized(rows[y] + columns[x] + c);
                    if (C > FEW && x >= SIZE - SIDE) __builtin_prefetch(rows[y] + columns[x + SIDE] + c);
                }
#pragma GCC unroll 5
            for (int x = 0; x < SIZE; ++x) transform_input(&d[0][x], SIZE);
#pragma GCC unroll 5
            for (int y = 0; y < SIZE; ++y) {
                transform_input(d[y], 1);
#pragma GCC unroll 5
                for (int x = 0; x < SIZE; ++x) std::memcpy(to + (y * SIZE + x) * ring.apart + c, &d[y][x], sizeof(T));
            }
        }
    }
}

// Calls `each` with every strip, on all threads, after `prepare` on each of them, whose result it is given too.
template <typename T, typename Prepare, typename Each>
void for_strips(const Features<T>& out, int64_t height, int64_t width, int64_t longest, Prepare prepare, Each each) {
    const int64_t down = (height + SIDE - 1) / SIDE, across = (width + SIDE - 1) / SIDE;
    const int64_t bands = (down + ROWS - 1) / ROWS, columns = (across + longest - 1) / longest;
#pragma omp parallel
    {
        auto prepared = prepare();
#pragma omp for schedule(dynamic)
        for (int64_t n = 0; n < out.images * bands * columns; ++n) {
            const int64_t top = n / columns % bands * ROWS, left = n % columns * longest;
            each(Strip{n / columns / bands, top, left, std::min(ROWS, down - top), std::min(longest, across - left)},
                 prepared);
        }
    }
}

// Of one of the 25, for AT_ONCE tiles: what all pieces make of their tiles, two vectors of the channels written.
// weights: (pieces, pieces × FEW, channels), for the first of these.
APART void multiply_wider(Ring<FEW>& ring, int at, int64_t row, int64_t tile, const float* weights, int64_t channels,
                           float* to) {
    const int64_t pieces = ring.pieces, depth = pieces * FEW;
    Vector sums[AT_ONCE][2] = {};
    for (int64_t piece = 0; piece < pieces; ++piece) {
        const float* inputs = ring[row + piece] + at * ring.apart + tile * FEW;
        for (int64_t k = 0; k < depth; ++k, weights += channels) {
            const Vector left = read(weights), right = read(weights + LANES);
#pragma GCC unroll 16
            for (int n = 0; n < AT_ONCE; ++n) {
                sums[n][0] += inputs[n * FEW + k] * left;
                sums[n][1] += inputs[n * FEW + k] * right;
            }
            READ_AGAIN;
        }
    }
#pragma GCC unroll 16
    for (int n = 0; n < AT_ONCE; ++n) {
        write(sums[n][0], to + n * BLOCK);
        write(sums[n][1], to + n * BLOCK + LANES);
    }
}

// A tile from its products, `apart`: BLOCK of the channels of `out`.
INLINE void write_wider(const float* products, int64_t apart, const Features<Stored>& out, int64_t image, int64_t top,
                        int64_t left) {
    for (int c = 0; c < BLOCK; c += LANES) {
        Vector m[SIZE][SIZE];
#pragma GCC unroll 5
        for (int y = 0; y < SIZE; ++y)
#pragma GCC unroll 5
            for (int x = 0; x < SIZE; ++x) m[y][x] = read(products + (y * SIZE + x) * apart + c);
#pragma GCC unroll 5
        for (int x = 0; x < SIZE; ++x) transform_output(&m[0][x], SIZE);
#pragma GCC unroll 3
        for (int y = 0; y < SIDE; ++y) {
            if (top + y >= out.height) break;
            transform_output(m[y], 1);
            Stored* to = out(image, top + y, left) + c;
#pragma GCC unroll 3
            for (int x = 0; x < SIDE; ++x)
                if (left + x < out.width) write(m[y][x], to + x * out.pixel);
        }
    }
}

// From a picture's channels to those of `out`, a multiple of BLOCK. weights: (25, pieces, pieces × FEW, channels).
void widen(const Picture& picture, const float* weights, int64_t pieces, const Features<Stored>& out) {
    constexpr int64_t LONGEST = 24;  // tiles of a strip's row
    struct Scratch {
        Ring<FEW> ring;
        Values products;
    };
    const auto prepare = [&] {
        return Scratch{{pieces, LONGEST}, Values(PRODUCTS * LONGEST * BLOCK)};
    };
    for_strips(out, out.height, out.width, LONGEST, prepare, [&](const Strip& strip, Scratch& scratch) {
        for (int64_t row = 0; row < strip.down; ++row) {
            for (int64_t piece = row ? pieces - 1 : 0; piece < pieces; ++piece)
                read_row<float, FEW>(picture, strip, row + piece, scratch.ring);
            for (int64_t block = 0; block < out.pixel; block += BLOCK) {
                float* products = scratch.products.data();
                for (int at = 0; at < PRODUCTS; ++at)
                    for (int64_t tile = 0; tile < strip.across; tile += AT_ONCE)
                        for (int64_t first = 0; first < BLOCK; first += 2 * LANES)
                            multiply_wider(scratch.ring, at, row, tile,
                                           weights + at * pieces * pieces * FEW * out.pixel + block + first, out.pixel,
                                           products + (at * LONGEST + tile) * BLOCK + first);
                Features<Stored> to = out;
                to.data += block;
                for (int64_t tile = 0; tile < strip.across; ++tile)
                    write_wider(products + tile * BLOCK, LONGEST * BLOCK, to, strip.image, (strip.top + row) * SIDE,
                                (strip.left + tile) * SIDE);
            }
        }
    });
}

// Whatever is in `vectors`, as many as half the lanes, is lost: in lane n is then the sum of the nth.
constexpr int HALF = LANES > 4 ? LANES / 2 : LANES;

// Lanes of both, those of `other` after those of `one`.
#if defined(__clang__)
#define SHUFFLED(ONE, OTHER, ...) __builtin_shufflevector(ONE, OTHER, __VA_ARGS__)
#else
#define SHUFFLED(ONE, OTHER, ...) __builtin_shuffle(ONE, OTHER, Integers{__VA_ARGS__})
#endif

template <int BIT, int... LANE>
INLINE Vector folded(const Vector& one, const Vector& other, std::integer_sequence<int, LANE...>) {
    return SHUFFLED(one, other, (LANE & BIT ? LANE + LANES : LANE)...) +
           SHUFFLED(one, other, (LANE & BIT ? (LANE ^ BIT) + LANES : LANE ^ BIT)...);
}

template <int COUNT = HALF>
INLINE Vector totals(Vector* vectors) {
    constexpr int BIT = COUNT > 1 ? COUNT / 2 : HALF;
    constexpr auto lanes = std::make_integer_sequence<int, LANES>();
    if constexpr (COUNT == 1) return HALF == LANES ? vectors[0] : folded<BIT>(vectors[0], vectors[0], lanes);
    else {
#pragma GCC unroll 8
        for (int n = 0; n < BIT; ++n) vectors[n] = folded<BIT>(vectors[n], vectors[n + BIT], lanes);
        return totals<BIT>(vectors);
    }
}

// Of one of the 25, for HALF tiles: what all pieces make of their tiles, of each channel `channel` from one another.
// weights: (pieces, FEW, pieces × C).
template <int C>
APART void multiply_narrower(Ring<C>& ring, int at, int64_t row, int64_t tile, const float* weights, float* to,
                              int64_t channel) {
    const int64_t pieces = ring.pieces, depth = pieces * C;
    Vector sums[FEW][HALF] = {};
    for (int64_t piece = 0; piece < pieces; ++piece, weights += FEW * depth) {
        const float* inputs = ring[row + piece] + at * ring.apart + tile * C;
        for (int64_t k = 0; k < depth; k += LANES) {
            const Vector first = read(weights + k), second = read(weights + depth + k), third = read(weights + 2 * depth + k);
#pragma GCC unroll 8
            for (int n = 0; n < HALF; ++n) {
                const Vector values = read(inputs + n * C + k);
                sums[0][n] += values * first;
                sums[1][n] += values * second;
                sums[2][n] += values * third;
            }
            READ_AGAIN;
        }
    }
#pragma GCC unroll 3
    for (int c = 0; c < FEW; ++c) {
        const Vector found = totals(sums[c]);
        std::memcpy(to + c * channel, &found, HALF * sizeof(float));
    }
}

// From C channels to a picture's. Each place of `out` is a corner, with the four pixels around it: (height, width, 2, 2, FEW).
// weights: (25, pieces, FEW, pieces × C).
template <int C>
void narrow(const Reading& features, const float* weights, int64_t pieces, const Features<float>& out) {
    constexpr int64_t LONGEST = 16;  // tiles of a strip's row
    struct Scratch {
        Ring<C> ring;
        alignas(64) float products[PRODUCTS][FEW][LONGEST], pixels[SIDE][SIDE][FEW][LONGEST];
    };
    const auto prepare = [&] { return Scratch{{pieces, LONGEST}, {}, {}}; };
    for_strips(out, 2 * out.height, 2 * out.width, LONGEST, prepare, [&](const Strip& strip, Scratch& scratch) {
        for (int64_t row = 0; row < strip.down; ++row) {
            for (int64_t piece = row ? pieces - 1 : 0; piece < pieces; ++piece)
                read_row<Vector, C>(features, strip, row + piece, scratch.ring);
            for (int at = 0; at < PRODUCTS; ++at)
                for (int64_t tile = 0; tile < strip.across; tile += HALF)
                    multiply_narrower<C>(scratch.ring, at, row, tile, weights + at * pieces * FEW * pieces * C,
                                         &scratch.products[at][0][tile], LONGEST);
            for (int c = 0; c < FEW; ++c)
                for (int tile = 0; tile < LONGEST; tile += LANES) {
                    Vector m[SIZE][SIZE];
#pragma GCC unroll 5
                    for (int y = 0; y < SIZE; ++y)
#pragma GCC unroll 5
                        for (int x = 0; x < SIZE; ++x) m[y][x] = read(&scratch.products[y * SIZE + x][c][tile]);
#pragma GCC unroll 5
                    for (int x = 0; x < SIZE; ++x) transform_output(&m[0][x], SIZE);
#pragma GCC unroll 3
                    for (int y = 0; y < SIDE; ++y) {
                        transform_output(m[y], 1);
                        for (int x = 0; x < SIDE; ++x) write(m[y][x], &scratch.pixels[y][x][c][tile]);
                    }
                }
            for (int64_t y = 0; y < SIDE; ++y) {
                const int64_t down = (strip.top + row) * SIDE + y;
                if (down >= 2 * out.height) break;
                float* to = out(strip.image, down / 2, 0) + down % 2 * 2 * FEW;
                for (int64_t x = 0; x < strip.across * SIDE; ++x) {
                    const int64_t right = strip.left * SIDE + x;
                    if (right >= 2 * out.width) break;
                    for (int c = 0; c < FEW; ++c)
                        to[right / 2 * out.pixel + right % 2 * FEW + c] = scratch.pixels[y][x % SIDE][c][x / SIDE];
                }
            }
        }
    });
}

}  // namespace

extern "C" void convolve_wider(const float* data, const int64_t* layout, int64_t channel, const float* weights,
                               int64_t pieces, Stored* out, const int64_t* out_layout) {
    widen({FEATURES(data, layout), channel}, weights, pieces, FEATURES(out, out_layout));
}

// Returns 1 for a number of channels read that is none of the network's, else 0.
#define CASE(C)                                \
    case C:                                    \
        if constexpr (C % BLOCK == 0) {        \
            narrow<C>(from, weights, pieces, to); \
            return 0;                          \
        }                                      \
        return 1;

extern "C" int convolve_narrower(const Stored* data, const int64_t* layout, const float* scale, const float* shift,
                                 const float* weights, int64_t pieces, float* out, const int64_t* out_layout) {
    const Reading from(data, layout, scale, shift);
    const Features<float> to FEATURES(out, out_layout);
    switch (from.channels) { WIDTHS }
    return 1;
}
