// What takes the time of pictures of an exemplar's own pixels: which patch of all differs least, and one pass of coherence.
//
// All numbers are integers that float holds exactly (match.py), so that sums are the same in any order, and whatever is
// found is what match.py and coherence.py find without a compiler.

#include <algorithm>
#include <limits>
#include <vector>

#include "vectors.h"

namespace {

constexpr int VECTORS = LANES == 16 ? 4 : 2, PATCHES = VECTORS * LANES;  // that are compared at once,
constexpr int MOST = LANES == 4 ? 4 : 6;                                 // with so many sought ones: sums fit into registers

// The differences of Q sought patches from those at [0, end), each in a row of its own.
template <int Q>
void differ(const float* memory, const float* barred, int64_t end, const std::vector<int64_t>& taps,
            const std::vector<float>& weights, const float* constants, float* to) {
#pragma omp for schedule(static)
    for (int64_t first = 0; first < end; first += PATCHES) {
        Vector sums[Q][VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; ++v) {
            const Vector bar = read(barred + first + v * LANES);
#pragma GCC unroll 6
            for (int q = 0; q < Q; ++q) sums[q][v] = bar + constants[q];
        }
        const float* weight = weights.data();
        for (const int64_t tap : taps) {
            Vector values[VECTORS];
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; ++v) values[v] = read(memory + first + tap + v * LANES);
#pragma GCC unroll 6
            for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
                for (int v = 0; v < VECTORS; ++v) sums[q][v] += weight[q] * values[v];
            weight += Q;
        }
#pragma GCC unroll 6
        for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; ++v) write(sums[q][v], to + q * end + first + v * LANES);
    }
}

// The first of the least differences, and how much that is.
int64_t first_least(const float* differences, int64_t end, float& least) {
    Vector lowest = Vector{} + std::numeric_limits<float>::infinity();
    Integers place{}, where{};
    for (int lane = 0; lane < LANES; ++lane) place[lane] = lane;
    for (int64_t n = 0; n < end; n += LANES, place += LANES) {
        const Vector values = read(differences + n);
        const Integers lower = values < lowest;
        where = lower ? place : where;
        lowest = lower ? values : lowest;
    }
    least = std::numeric_limits<float>::infinity();
    int64_t found = 0;
    for (int lane = 0; lane < LANES; ++lane)
        if (lowest[lane] < least || (lowest[lane] == least && where[lane] < found)) least = lowest[lane], found = where[lane];
    return found;
}

// One of the differences that are at most `limit`, by a number in [0, 1).
int64_t any_of(const float* differences, int64_t end, float limit, double random) {
    constexpr int64_t chunk = 1024;
    std::vector<int64_t> counts;
    int64_t all = 0;
    for (int64_t first = 0; first < end; first += chunk) {
        Integers hits{};
        for (int64_t n = first; n < std::min(first + chunk, end); n += LANES) hits -= read(differences + n) <= limit;
        counts.push_back(0);
        for (int lane = 0; lane < LANES; ++lane) counts.back() += hits[lane];
        all += counts.back();
    }
    int64_t left = std::min(int64_t(random * double(all)), all - 1), n = 0;
    for (size_t each = 0; left >= counts[each]; ++each) left -= counts[each], n += chunk;
    while (differences[n] > limit || left-- > 0) ++n;
    return n;
}

// As `nearest`, for Q of the patches that are sought.
template <int Q>
void nearest_of(const float* memory, const int64_t* taps, int64_t count, const float* barred, int64_t end,
                const float* weights, const float* constants, float tolerance, const double* random, int64_t* found,
                std::vector<float>& differences) {
    std::vector<int64_t> seen;  // without what none of them knows
    std::vector<float> of_seen;
    for (int64_t tap = 0; tap < count; ++tap) {
        bool known = false;
        for (int q = 0; q < Q; ++q) known |= weights[q * count + tap] != 0;
        if (!known) continue;
        seen.push_back(taps[tap]);
        for (int q = 0; q < Q; ++q) of_seen.push_back(weights[q * count + tap]);
    }
#pragma omp parallel
    {
        differ<Q>(memory, barred, end, seen, of_seen, constants, differences.data());
#pragma omp for schedule(static)
        for (int q = 0; q < Q; ++q) {
            const float* of_one = differences.data() + q * end;
            float least;
            found[q] = first_least(of_one, end, least);
            if (random) found[q] = any_of(of_one, end, tolerance * least, random[q]);
        }
    }
}

int64_t within(int64_t at, int64_t size) { return std::max<int64_t>(0, std::min(at, size - 1)); }

}  // namespace

// Where the patches that are sought differ least from the exemplar's: (Q,), from 0 to end.
// memory, taps (T): a number of the patch n lies at memory[n + tap]. barred (end): infinity for what may not be taken, else 0.
// weights (Q, T), constants (Q): as match.py has them. end: a multiple of 64, as far as memory may be read from each tap.
extern "C" void nearest(const float* memory, const int64_t* taps, int64_t count, const float* barred, int64_t end,
                        const float* weights, const float* constants, int64_t sought, float tolerance,
                        const double* random, int64_t* found) {
    std::vector<float> differences(MOST * end);
    const int64_t blocks = (sought + MOST - 1) / MOST;
    for (int64_t block = 0; block < blocks; ++block) {
        const int64_t first = block * sought / blocks;
#define CASE(Q)                                                                                                         \
    case Q:                                                                                                             \
        nearest_of<Q>(memory, taps, count, barred, end, weights + first * count, constants + first, tolerance,         \
                      random ? random + first : nullptr, found + first, differences);                                  \
        break;
        switch ((block + 1) * sought / blocks - first) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
#undef CASE
    }
}

// Some rows of one pass of coherence.py, place by place.
// pixels (h, w, 3): integers. allowed (h, w): whether a window around the pixel may be taken. coordinates (H, W, 2): changed.
// others (H, W, 2): one more candidate of each place. neighbors (N, 2), compared (K, 2): offsets. shape: h, w, H, W, from, to.
extern "C" void cohere(const int32_t* pixels, const bool* allowed, int64_t* coordinates, const int64_t* others,
                       const int64_t* neighbors, int64_t candidates, const int64_t* compared, int64_t count,
                       const int64_t* shape) {
    const int64_t height = shape[0], width = shape[1], rows = shape[2], columns = shape[3];
    std::vector<int64_t> tried(candidates + 1), offsets(count);
    std::vector<int32_t> wanted(3 * count);
    for (int64_t k = 0; k < count; ++k) offsets[k] = 3 * (compared[2 * k] * width + compared[2 * k + 1]);
    for (int64_t row = shape[4]; row < shape[5]; ++row)
        for (int64_t column = 0; column < columns; ++column) {
            for (int64_t k = 0; k < count; ++k) {
                const int64_t* source = coordinates + 2 * (within(row + compared[2 * k], rows) * columns +
                                                           within(column + compared[2 * k + 1], columns));
                const int32_t* pixel = pixels + 3 * (source[0] * width + source[1]);
                for (int c = 0; c < 3; ++c) wanted[3 * k + c] = pixel[c];
            }
            int64_t best = 0, least = std::numeric_limits<int64_t>::max(), different = 0;
            for (int64_t n = 0; n <= candidates; ++n) {
                int64_t y, x;
                if (n < candidates) {
                    const int64_t r = within(row + neighbors[2 * n], rows), c = within(column + neighbors[2 * n + 1], columns);
                    const int64_t* source = coordinates + 2 * (r * columns + c);
                    y = source[0] + row - r, x = source[1] + column - c;
                } else {
                    y = others[2 * (row * columns + column)], x = others[2 * (row * columns + column) + 1];
                }
                if (y < 0 || y >= height || x < 0 || x >= width || !allowed[y * width + x]) continue;
                const int64_t at = y * width + x;
                if (std::find(tried.begin(), tried.begin() + different, at) != tried.begin() + different) continue;
                tried[different++] = at;
                const int32_t* pixel = pixels + 3 * at;
                int32_t difference = 0;
                for (int64_t k = 0; k < count; ++k)
                    for (int c = 0; c < 3; ++c) {
                        const int32_t apart = pixel[offsets[k] + c] - wanted[3 * k + c];
                        difference += apart * apart;
                    }
                if (difference < least) least = difference, best = at;
            }
            int64_t* to = coordinates + 2 * (row * columns + column);
            to[0] = best / width, to[1] = best % width;
        }
}
