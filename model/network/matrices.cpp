// The network's convolutions in bfloat16 where a processor has units for matrices (units.h): as they are written down, since
// Winograd's algorithm would spare fewer products than its sums cost. What is added up are floats.
//
// A thread goes down a strip of what is written, two rows at a time, and keeps the rows of pixels that these are made of,
// normalized, in its own cache: 32 pixels of two rows are four matrices, of whatever values follow one another in a row of a
// kernel's pixels. Weights come from the next larger cache, each for all four. Features are measured as they are written.
//
// What a pixel becomes depends neither on its strip nor on threads: equal pictures come out equal.
//
// matrices.py has the weights; kernels.py builds this file, with BLOCK, together with kernels.cpp.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "moments.h"
#include "units.h"
#include "vectors.h"

// Whether a machine does.
extern "C" bool multiplies_matrices() { return HAS_UNITS; }

#if HAS_UNITS

namespace {

constexpr int64_t ACROSS = 2 * ROWS, DOWN = 32;  // pixels of a strip
constexpr int64_t SHARED = 30 << 20;             // bytes, roughly, that stay in the cache that cores share
constexpr int64_t LONGEST = 2 * ACROSS + DEPTH;  // pixels that one of its rows is made of, and more

// A kernel of `size` rows, that moves by `stride` rows, and what it multiplies in each: `depth` values, a multiple of DEPTH, from
// where `next` values lie between one pixel that is written and the next. Channels are taken in `slices`, one after the other, so
// that of a slice both pixels and weights stay in a core's smallest cache.
struct Kernel {
    int64_t size, stride, depth, next, slices;

    int64_t rows() const { return size + stride; }  // for two of what is written
    int64_t weights() const { return size * depth * COLUMNS; }  // of a slice, for so many channels
};

// Values that a row of a matrix begins at.
struct alignas(ROW) Row {
    Bfloat16 values[DEPTH];
};

// As many rows of a strip's pixels as a kernel reads, one after the other, of each slice.
class Ring {
public:
    // length: values of a row of a slice.
    Ring(const Kernel& kernel, int64_t length)
        : rows(kernel.rows()), length(length / DEPTH), values(kernel.slices * rows * this->length) {}

    Bfloat16* operator()(int64_t slice, int64_t row) { return values[(slice * rows + row % rows) * length].values; }

private:
    const int64_t rows, length;
    std::vector<Row> values;
};

// Of BLOCK channels of ACROSS pixels of two rows.
struct alignas(ROW) Sums {
    float pixels[2 * ACROSS][BLOCK];
};

// Adds up COLUMNS channels of a slice; none but its sums are there before if it is the first. rows: that they are made of.
INLINE void multiply(Bfloat16* const* rows, const Kernel& kernel, const Bfloat16* weights, bool first, float* sums) {
    constexpr int64_t PIXEL = BLOCK * sizeof(float);
    const int64_t next = kernel.next * int64_t(sizeof(Bfloat16)), half = ROWS * kernel.next;
    if (first) {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    } else {
        _tile_loadd(0, sums, PIXEL);
        _tile_loadd(1, sums + ROWS * BLOCK, PIXEL);
        _tile_loadd(2, sums + 2 * ROWS * BLOCK, PIXEL);
        _tile_loadd(3, sums + 3 * ROWS * BLOCK, PIXEL);
    }
    for (int64_t y = 0; y < kernel.size; ++y) {
        const Bfloat16 *upper = rows[y], *lower = rows[y + kernel.stride];
        for (int64_t at = 0; at < kernel.depth; at += DEPTH, weights += DEPTH * COLUMNS) {
            _tile_loadd(6, weights, ROW);
            _tile_loadd(4, upper + at, next);
            _tile_dpbf16ps(0, 4, 6);
            _tile_loadd(5, upper + half + at, next);
            _tile_dpbf16ps(1, 5, 6);
            _tile_loadd(4, lower + at, next);
            _tile_dpbf16ps(2, 4, 6);
            _tile_loadd(5, lower + half + at, next);
            _tile_dpbf16ps(3, 5, 6);
        }
    }
    _tile_stored(0, sums, PIXEL);
    _tile_stored(1, sums + ROWS * BLOCK, PIXEL);
    _tile_stored(2, sums + 2 * ROWS * BLOCK, PIXEL);
    _tile_stored(3, sums + 3 * ROWS * BLOCK, PIXEL);
}

// Adds to `sums` the values of `count` pixels, BLOCK channels of each, and to `squares` their squares: first as differences from one
// of them, since what has little variance would lose it in a float's digits.
INLINE void add_up(const float (*values)[BLOCK], int64_t count, double* sums, double* squares) {
    typedef double Doubles __attribute__((vector_size(LANES * sizeof(double))));
    for (int c = 0; c < BLOCK; c += LANES) {
        const Vector origin = read(values[0] + c);
        Vector sum = {}, square = {};
        for (int64_t x = 1; x < count; ++x) {
            const Vector apart = read(values[x] + c) - origin;
            sum += apart;
            square += apart * apart;
        }
        const Doubles from = __builtin_convertvector(origin, Doubles), total = __builtin_convertvector(sum, Doubles);
        const Doubles squared = __builtin_convertvector(square, Doubles);
        write(read<Doubles>(sums + c) + double(count) * from + total, sums + c);
        write(read<Doubles>(squares + c) + from * (double(count) * from + 2 * total) + squared, squares + c);
    }
}

// BLOCK values; past the caches where they would only be fetched into them to be overwritten, and gone before they are read.
INLINE void write_block(const float* values, Stored* to, bool past_caches) {
    static_assert(BLOCK == 2 * LANES);
    const __m512i first = _mm512_castsi256_si512(halves(read(values)));
    const __m512i line = _mm512_inserti64x4(first, halves(read(values + LANES)), 1);
    if (past_caches) _mm512_stream_si512(reinterpret_cast<__m512i*>(to), line);
    else write(line, to);
}

struct Strip {
    int64_t image, top, left;
};

// All of `out`. length: values of a ring's row. bytes_read: of all that is read. read_row(strip, row, ring): puts a row of the strip's
// pixels there. weights: (slices, ⌈channels / COLUMNS⌉, size, depth / DEPTH, DEPTH / 2, COLUMNS, 2).
template <typename Read>
void convolve(const Kernel& kernel, int64_t length, int64_t bytes_read, const Read& read_row, const Bfloat16* weights,
              const Features<Stored>& out, const Moments& moments) {
    const int64_t bands = (out.height + DOWN - 1) / DOWN, columns = (out.width + ACROSS - 1) / ACROSS;
    const int64_t strips = bands * columns, channels = out.pixel;
    const bool past_caches = bytes_read + out.images * out.image * int64_t(sizeof(Stored)) > SHARED;
    std::vector<double> found(moments.found ? out.images * strips * 2 * channels : 0);
#pragma omp parallel
    {
        const Units units;
        Ring ring(kernel, length);
        std::vector<Bfloat16*> rows(kernel.rows());
        std::vector<Sums> sums((channels + BLOCK - 1) / BLOCK);
#pragma omp for schedule(dynamic) nowait
        for (int64_t n = 0; n < out.images * strips; ++n) {
            const Strip strip{n / strips, n % strips / columns * DOWN, n % columns * ACROSS};
            const int64_t bottom = std::min(strip.top + DOWN, out.height), right = std::min(strip.left + ACROSS, out.width);
            int64_t known = strip.top * kernel.stride;  // rows before this one are in the ring, or not wanted
            for (int64_t y = strip.top; y < bottom; y += 2) {
                const int64_t first = y * kernel.stride;
                for (; known < first + kernel.rows(); ++known) read_row(strip, known, ring);
                written_for_units();
                const Bfloat16* own = weights;
                for (int64_t slice = 0; slice < kernel.slices; ++slice) {
                    for (int64_t row = 0; row < kernel.rows(); ++row) rows[row] = ring(slice, first + row);
                    for (int64_t c = 0; c < channels; c += COLUMNS, own += kernel.weights())
                        multiply(rows.data(), kernel, own, !slice, sums[c / BLOCK].pixels[0] + c % BLOCK);
                }
                for (int64_t block = 0; block < channels; block += BLOCK) {
                    for (int64_t row = y; row < std::min(y + 2, bottom); ++row) {
                        const float(*values)[BLOCK] = sums[block / BLOCK].pixels + (row - y) * ACROSS;
                        Stored* to = out(strip.image, row, strip.left) + block;
                        const int64_t count = right - strip.left;
                        if (channels - block >= BLOCK)
                            for (int64_t x = 0; x < count; ++x) write_block(values[x], to + x * channels, past_caches);
                        else
                            for (int64_t x = 0; x < count; ++x) write(read(values[x]), to + x * channels, channels - block);
                        if (!moments.found) continue;
                        const Inside inside = moments.inside(block, channels);
                        if (row < inside.top || row >= inside.bottom) continue;
                        const int64_t begin = std::max(strip.left, inside.left), end = std::min(right, inside.right);
                        double* own = &found[n * 2 * channels + block];
                        if (begin < end) add_up(values + begin - strip.left, end - begin, own, own + channels);
                    }
                }
            }
        }
        _mm_sfence();  // what went past the caches is there before anyone reads it
    }
    if (moments.found) moments.find(found, out.images, strips, channels);
}

}  // namespace

// Of features, a multiple of DEPTH channels. found, height, width, doubled: see Moments.
extern "C" void convolve_in_matrices(const Stored* data, const int64_t* layout, const float* scale, const float* shift,
                                     const void* weights, int64_t size, int64_t stride, Stored* out,
                                     const int64_t* out_layout, double* found, int64_t height, int64_t width, bool doubled) {
    const Reading from(data, layout, scale, shift);
    const Features<Stored> to FEATURES(out, out_layout);
    const int64_t channels = from.channels, pixels = (ACROSS - 1) * stride + size;
    const int64_t slice = channels % (2 * DEPTH) ? DEPTH : 2 * DEPTH;  // channels
    const auto read_row = [&](const Strip& strip, int64_t row, Ring& ring) {
        int64_t columns[LONGEST];
        for (int64_t x = 0; x < pixels; ++x) columns[x] = from.column(strip.left * stride + x);
        const Stored* values = from.row(strip.image, row);
        for (int64_t first = 0; first < channels; first += slice) {
            Bfloat16* into = ring(first / slice, row);
            for (int64_t x = 0; x < pixels; ++x)
                for (int64_t c = 0; c < slice; c += LANES)
                    write(from.normalized(strip.image, first + c)(values + columns[x] + first + c), into + x * slice + c);
        }
    };
    const int64_t bytes = layout[0] * layout[3] * int64_t(sizeof(Stored));
    convolve({size, stride, size * slice, stride * slice, channels / slice}, pixels * slice, bytes, read_row,
             static_cast<const Bfloat16*>(weights), to, {found, height, width, doubled});
}

// Of a picture, its channels `channel` values from one another; size × FEW ≤ DEPTH. What a kernel reads in a row of pixels is put
// together for each pixel that is written: matrices' rows would else begin where a cache's lines do not. What bfloat16
// leaves of it is a second slice, since a normalization makes much of that where a picture has little contrast. The rest: as above.
extern "C" void convolve_picture_in_matrices(const float* data, const int64_t* layout, int64_t channel, const void* weights,
                                             int64_t size, int64_t stride, Stored* out, const int64_t* out_layout,
                                             double* found, int64_t height, int64_t width, bool doubled) {
    const Features<const float> picture FEATURES(data, layout);
    const Features<Stored> to FEATURES(out, out_layout);
    const int64_t pixels = (ACROSS - 1) * stride + DEPTH / FEW + 1;
    const auto read_row = [&](const Strip& strip, int64_t row, Ring& ring) {
        Bfloat16 *first = ring(0, row), *second = ring(1, row);
        const int64_t left = strip.left * stride;
        const float* from = picture(strip.image, std::min(row, picture.height - 1), 0);
        float gathered[LONGEST * FEW];
        const bool as_they_lie = channel == 1 && picture.pixel == FEW && left + pixels <= picture.width;
        for (int64_t x = 0; x < (as_they_lie ? 0 : pixels); ++x) {
            const float* pixel = from + std::min(left + x, picture.width - 1) * picture.pixel;
            for (int c = 0; c < FEW; ++c) gathered[x * FEW + c] = pixel[c * channel];
        }
        const float* values = as_they_lie ? from + left * FEW : gathered;
        for (int64_t x = 0; x < ACROSS; ++x, first += DEPTH, second += DEPTH)
            for (int c = 0; c < DEPTH; c += LANES) {
                const Vector exact = read(values + x * stride * FEW + c);
                write(exact, first + c);
                write(exact - read(static_cast<const Bfloat16*>(first) + c), second + c);
            }
    };
    const int64_t bytes = layout[0] * layout[3] * int64_t(sizeof(float));
    convolve({size, stride, DEPTH, DEPTH, 2}, ACROSS * DEPTH, bytes, read_row, static_cast<const Bfloat16*>(weights), to,
             {found, height, width, doubled});
}

#endif
