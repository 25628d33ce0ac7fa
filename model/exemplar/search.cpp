// What takes the time of pictures of an exemplar's own pixels: which patch of all differs least, and one pass of coherence.
//
// Patches are integers (match.py), so that sums are the same in any order, and whatever is found is what match.py and
// coherence.py find without a compiler. Those of sketches (sketch.py) are floats, but whatever they leave out is not near
// enough.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "vectors.h"

namespace {

constexpr int VECTORS = LANES == 16 ? 4 : 2, PATCHES = VECTORS * LANES;  // that are compared at once,
constexpr int MOST = LANES == 4 ? 4 : 6;                                 // with so many sought ones: sums fit into registers
constexpr int64_t TILE = 1024;  // patches that are compared with all that are sought: what they are made of stays in the cache
constexpr int64_t ALIKE = 64;   // patches beside one another, of which often none is near enough
constexpr double BELOW_BARRED = std::numeric_limits<float>::max();
constexpr int64_t PARTS = 16;   // of all patches, which threads take one after the other

// That are multiplied at once, and the sums of products of neighbours.
constexpr int RUN = 16;
typedef int16_t Shorts __attribute__((vector_size(RUN * sizeof(int16_t))));
typedef uint32_t Sums __attribute__((vector_size(RUN / 2 * sizeof(int32_t))));

// What patches that are sought differ by from those in memory, as search.py has it.
struct Compared {
    const float* memory;
    const int64_t* taps;
    const float *weights, *constants;
    int64_t count, sought;
};

// The same of patches whose numbers lie in runs of RUN: those of others `size` times as far as they are.
struct Pieces {
    const int16_t* memory;
    const int64_t *starts, *sizes;
    const int32_t* added;
    const int16_t* weights;
    const int32_t* constants;
    int64_t count, sought;
};

// What any of a few patches that are sought knows: taps, and for each the weights of all.
struct Known {
    std::vector<int64_t> taps;
    std::vector<float> weights;
};

// Patches beside one another that may be near enough, all as much so: of an exemplar with much of one colour there are few.
struct Near {
    int64_t first, count;
    double difference;
};

Known known(const Compared& compared, int64_t first, int64_t size) {
    Known found;
    for (int64_t tap = 0; tap < compared.count; ++tap) {
        const float* weights = compared.weights + first * compared.count + tap;
        bool any = false;
        for (int64_t q = 0; q < size; ++q) any |= weights[q * compared.count] != 0;
        if (!any) continue;
        found.taps.push_back(compared.taps[tap]);
        for (int64_t q = 0; q < size; ++q) found.weights.push_back(weights[q * compared.count]);
    }
    return found;
}

// The differences of Q patches from those at [begin, end), each in a row of TILE.
template <int Q>
void differ(const float* memory, const Known& known, const float* constants, const float* barred, int64_t begin,
            int64_t end, float* to) {
    for (int64_t first = begin; first < end; first += PATCHES, to += PATCHES) {
        Vector sums[Q][VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; ++v) {
            const Vector bar = read(barred + first + v * LANES);
#pragma GCC unroll 6
            for (int q = 0; q < Q; ++q) sums[q][v] = bar + constants[q];
        }
        const float* weight = known.weights.data();
        for (const int64_t tap : known.taps) {
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
            for (int v = 0; v < VECTORS; ++v) write(sums[q][v], to + q * TILE + v * LANES);
    }
}

// The same for as many as there are weights for, at most MOST.
void differ(int64_t sought, const float* memory, const Known& known, const float* constants, const float* barred,
            int64_t begin, int64_t end, float* to) {
#define CASE(Q) \
    case Q:     \
        return differ<Q>(memory, known, constants, barred, begin, end, to);
    switch (sought) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
#undef CASE
}

bool any(const Integers& mask) {
    int64_t parts[sizeof mask / sizeof(int64_t)], found = 0;
    std::memcpy(parts, &mask, sizeof mask);
    for (const int64_t part : parts) found |= part;
    return found != 0;
}

// What is kept while one patch is sought: the least difference so far, and all that can be at most `tolerance` times the
// least in the end, and more.
struct Found {
    double tolerance, least;
    std::vector<Near>& near;

    double limit() const { return tolerance * least; }

    // What coarse sketches differ by at most, where patches do by that: `error` moves each, and sums of floats move by
    // their 2⁻²⁴, of 2³¹ with each number.
    float limit_of(float error, int64_t numbers) const {
        const double distance = std::sqrt(limit()) + error;
        return float(std::min(distance * distance + 128.0 * double(numbers + 3), BELOW_BARRED));
    }

    void add(double difference, int64_t place) {
        if (difference > limit()) return;
        least = std::min(least, difference);
        Near* last = near.empty() ? nullptr : &near.back();
        if (last && last->first + last->count == place && last->difference == difference)
            ++last->count;
        else
            near.push_back({place, 1, difference});
    }
};

// The places of a row of differences, from `begin` to `end`, that are near enough.
int64_t sift(const float* differences, int64_t begin, int64_t end, float limit, int64_t* near) {
    int64_t count = 0;
    for (int64_t n = begin; n < end; n += ALIKE, differences += ALIKE) {
        Integers enough[ALIKE / LANES], one{};
        for (int v = 0; v < ALIKE / LANES; ++v) one |= enough[v] = read(differences + v * LANES) <= limit;
        if (!any(one)) continue;
        for (int v = 0; v < ALIKE / LANES; ++v) {
            if (!any(enough[v])) continue;
            for (int lane = 0; lane < LANES; ++lane)
                if (enough[v][lane]) near[count++] = n + v * LANES + lane;
        }
    }
    return count;
}

// Sums of products of neighbours: all, in any order, are what is asked for.
INLINE Sums multiplied(const int16_t* one, const int16_t* other) {
#if defined(__AVX2__)
    return (Sums)__builtin_ia32_pmaddwd256(read<Shorts>(one), read<Shorts>(other));
#else
    Sums sums{};
    for (int n = 0; n < RUN; ++n) sums[n % (RUN / 2)] += uint32_t(int32_t(one[n]) * other[n]);
    return sums;
#endif
}

// The differences of a patch that is sought from those at N places.
template <int N>
INLINE void differ_from(const Pieces& pieces, int64_t q, const int64_t* places, double* differences) {
    const int16_t *weights = pieces.weights + q * pieces.count * RUN, *from[N];
    Sums sums[N]{};
    for (int64_t run = 0, size = 0; run < pieces.count; ++run, weights += RUN) {
        if (size != pieces.sizes[run]) {
            size = pieces.sizes[run];
            for (int n = 0; n < N; ++n) from[n] = pieces.memory + places[n] * size;
        }
#pragma GCC unroll 12
        for (int n = 0; n < N; ++n) sums[n] += multiplied(weights, from[n] + pieces.starts[run]);
    }
    for (int n = 0; n < N; ++n) {
        uint32_t sum = uint32_t(pieces.constants[q]) + uint32_t(pieces.added[places[n]]);
        for (int k = 0; k < RUN / 2; ++k) sum += sums[n][k];  // what is above 2³² on the way goes, and comes back
        differences[n] = sum;
    }
}

// The first of the least, -1 if all are more than `most`, or by a number in [0, 1) one of those that are at most
// `tolerance` times the least.
int64_t chosen(const std::vector<Near>* near, int64_t parts, int64_t apart, double most, double tolerance,
               const double* random) {
    double least = std::numeric_limits<double>::infinity();
    for (int64_t part = 0; part < parts; ++part)
        for (const Near& each : near[part * apart]) least = std::min(least, each.difference);
    if (!(least <= most)) return -1;
    const double limit = random ? tolerance * least : least;
    std::vector<Near> enough;
    int64_t all = 0;
    for (int64_t part = 0; part < parts; ++part)
        for (const Near& each : near[part * apart])
            if (each.difference <= limit) enough.push_back(each), all += each.count;
    int64_t left = random ? std::min(int64_t(*random * double(all)), all - 1) : 0;
    const Near* found = enough.data();
    for (; left >= found->count; ++found) left -= found->count;
    return found->first + left;
}

int64_t size_of(int64_t group, int64_t sought) { return std::min<int64_t>(MOST, sought - group * MOST); }

int64_t within(int64_t at, int64_t size) { return std::max<int64_t>(0, std::min(at, size - 1)); }

}  // namespace

// All patches up to `end` along some directions, (sought, end). zero (end): nothing.
extern "C" void project(const Compared& along, const float* zero, int64_t end, float* found) {
    for (int64_t first = 0; first < along.sought; first += MOST) {
        const int64_t size = size_of(first / MOST, along.sought);
        const Known directions = known(along, first, size);
#pragma omp parallel
        {
            std::vector<float> tile(MOST * TILE);
#pragma omp for
            for (int64_t from = 0; from < end; from += TILE) {
                const int64_t to = std::min(from + TILE, end);
                differ(size, along.memory, directions, along.constants + first, zero, from, to, tile.data());
                for (int64_t q = 0; q < size; ++q)
                    std::copy_n(tile.data() + q * TILE, to - from, found + (first + q) * end + from);
            }
        }
    }
}

// Where the patches that are sought differ least from the exemplar's: (Q,), from 0 to end, or -1 where none differs by at
// most `most` (Q). coarse: sketches of them, which `error` may move so far. barred (end): what is added to their
// differences, infinity for what may not be taken. end: a multiple of ALIKE, as far as memory may be read from each tap.
extern "C" void nearest(const Compared& coarse, float error, const Pieces& whole, const float* barred, int64_t end,
                        const double* most, double tolerance, const double* random, int64_t* found) {
    const int64_t sought = whole.sought, tiles = (end + TILE - 1) / TILE, groups = (sought + MOST - 1) / MOST;
    std::vector<Known> knowns;
    for (int64_t group = 0; group < groups; ++group)
        knowns.push_back(known(coarse, group * MOST, size_of(group, sought)));
    std::vector<std::vector<Near>> near(PARTS * sought);
#pragma omp parallel
    {
        std::vector<float> rows(MOST * TILE);
        std::vector<double> least(most, most + sought);
        std::vector<int64_t> places(TILE + AT_ONCE);
#pragma omp for schedule(dynamic)
        for (int64_t part = 0; part < PARTS; ++part)
            for (int64_t tile = part * tiles / PARTS; tile < (part + 1) * tiles / PARTS; ++tile) {
                const int64_t from = tile * TILE, to = std::min(from + TILE, end);
                for (int64_t group = 0; group < groups; ++group) {
                    const int64_t first = group * MOST, size = size_of(group, sought);
                    differ(size, coarse.memory, knowns[group], coarse.constants + first, barred, from, to, rows.data());
                    for (int64_t q = first; q < first + size; ++q) {
                        Found own{tolerance, least[q], near[part * sought + q]};
                        const float limit = own.limit_of(error, int64_t(knowns[group].taps.size()));
                        const int64_t count = sift(rows.data() + (q - first) * TILE, from, to, limit, places.data());
                        double differences[AT_ONCE];
                        for (int64_t n = 0; n < count; ++n) {
                            if (n % AT_ONCE == 0) differ_from<AT_ONCE>(whole, q, places.data() + n, differences);
                            own.add(differences[n % AT_ONCE], places[n]);
                        }
                        least[q] = own.least;
                    }
                }
            }
    }
    for (int64_t q = 0; q < sought; ++q)
        found[q] = chosen(near.data() + q, PARTS, sought, most[q], tolerance, random ? random + q : nullptr);
}

// The differences of each of the patches that are sought, as for `nearest`, from N patches of its own (Q, N).
extern "C" void differences(const Pieces& whole, const int64_t* places, int64_t candidates, double* found) {
#pragma omp parallel for
    for (int64_t q = 0; q < whole.sought; ++q)
        for (int64_t n = q * candidates; n < (q + 1) * candidates; ++n) differ_from<1>(whole, q, places + n, found + n);
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
