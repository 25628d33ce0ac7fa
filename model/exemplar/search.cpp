// What takes the time of pictures of an exemplar's own pixels: which patch of all differs least, and one pass of coherence.
//
// All numbers are integers that float holds exactly (match.py), so that sums are the same in any order, and whatever is
// found is what match.py and coherence.py find without a compiler. Those of sketches (sketch.py) are not, but whatever they
// leave out is not near enough.

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
constexpr float MARGIN = 64;    // more than rounding changes differences of sketches
constexpr int64_t ALIKE = 64;   // patches beside one another, of which often none is near enough
constexpr int64_t PARTS = 16;   // of all patches, which threads take one after the other

// What patches that are sought differ by from those in memory, as search.py has it.
struct Compared {
    const float* memory;
    const int64_t* taps;
    const float *weights, *constants;
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
    float difference;
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
    float tolerance, least;
    std::vector<Near>& near;

    // Below infinity, which is what is barred.
    float limit() const { return std::min(tolerance * least, std::numeric_limits<float>::max()); }

    void add(const Vector& differences, int64_t first) {
        if (!any(differences <= limit())) return;
        for (int lane = 0; lane < LANES; ++lane) {
            const float difference = differences[lane];
            if (difference > limit()) continue;
            least = std::min(least, difference);
            Near* last = near.empty() ? nullptr : &near.back();
            if (last && last->first + last->count == first + lane && last->difference == difference)
                ++last->count;
            else
                near.push_back({first + lane, 1, difference});
        }
    }
};

// Those of a row of differences, from `begin` to `end`, that are near enough: where vectors with any begin.
int64_t sift(const float* differences, int64_t begin, int64_t end, float limit, int64_t* near) {
    int64_t count = 0;
    for (int64_t n = begin; n < end; n += ALIKE, differences += ALIKE) {
        Integers enough[ALIKE / LANES], one{};
        for (int v = 0; v < ALIKE / LANES; ++v) one |= enough[v] = read(differences + v * LANES) <= limit;
        if (!any(one)) continue;
        for (int v = 0; v < ALIKE / LANES; ++v)
            if (any(enough[v])) near[count++] = n + v * LANES;
    }
    return count;
}

// The differences of one patch from others, by a vector of those that begin at each of some places.
template <typename Then>
INLINE void differ_at(const float* memory, const Known& known, float constant, const float* barred,
                      const int64_t* places, int64_t count, const Then& then) {
    for (int64_t first = 0; first < count; first += AT_ONCE) {
        const int64_t* some = places + first;
        const int64_t size = std::min<int64_t>(count - first, AT_ONCE);
        const float* from[AT_ONCE];
        Vector sums[AT_ONCE];
#pragma GCC unroll 12
        for (int n = 0; n < AT_ONCE; ++n) {
            const int64_t at = some[std::min<int64_t>(n, size - 1)];
            from[n] = memory + at;
            sums[n] = read(barred + at) + constant;
        }
        const float* weight = known.weights.data();
        for (const int64_t tap : known.taps) {
            const float each = *weight++;
#pragma GCC unroll 12
            for (int n = 0; n < AT_ONCE; ++n) sums[n] += each * read(from[n] + tap);
        }
        for (int n = 0; n < size; ++n) then(sums[n], some[n]);
    }
}

// The first of the least, -1 if there is none, or by a number in [0, 1) one of those that are at most `tolerance` times that.
int64_t chosen(const std::vector<Near>* near, int64_t parts, int64_t apart, float tolerance, const double* random) {
    float least = std::numeric_limits<float>::infinity();
    for (int64_t part = 0; part < parts; ++part)
        for (const Near& each : near[part * apart]) least = std::min(least, each.difference);
    const float limit = random ? tolerance * least : least;
    std::vector<Near> enough;
    int64_t all = 0;
    for (int64_t part = 0; part < parts; ++part)
        for (const Near& each : near[part * apart])
            if (each.difference <= limit) enough.push_back(each), all += each.count;
    if (enough.empty()) return -1;
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
// most `most` (Q). coarse, fine: sketches of them, which `error` may move so far. barred (end): infinity for what may not be
// taken, else 0. end: a multiple of ALIKE, as far as memory may be read from each tap.
extern "C" void nearest(const Compared& coarse, const Compared& fine, float error, const Compared& whole,
                        const float* barred, int64_t end, const float* most, float tolerance, const double* random,
                        int64_t* found) {
    const int64_t sought = whole.sought, tiles = (end + TILE - 1) / TILE, groups = (sought + MOST - 1) / MOST;
    std::vector<Known> coarses, fines, wholes;
    for (int64_t group = 0; group < groups; ++group)
        coarses.push_back(known(coarse, group * MOST, size_of(group, sought)));
    for (int64_t q = 0; q < sought; ++q) {
        fines.push_back(known(fine, q, 1));
        wholes.push_back(known(whole, q, 1));
    }
    std::vector<std::vector<Near>> near(PARTS * sought);
#pragma omp parallel
    {
        std::vector<float> rows(MOST * TILE), least(most, most + sought);
        std::vector<int64_t> places(TILE / LANES);
#pragma omp for schedule(dynamic)
        for (int64_t part = 0; part < PARTS; ++part)
            for (int64_t tile = part * tiles / PARTS; tile < (part + 1) * tiles / PARTS; ++tile) {
                const int64_t from = tile * TILE, to = std::min(from + TILE, end);
                for (int64_t group = 0; group < groups; ++group) {
                    const int64_t first = group * MOST, size = size_of(group, sought);
                    differ(size, coarse.memory, coarses[group], coarse.constants + first, barred, from, to, rows.data());
                    for (int64_t q = first; q < first + size; ++q) {
                        Found own{tolerance, least[q], near[part * sought + q]};
                        const float limit = own.limit() + 2 * error * std::sqrt(own.limit()) + error * error + MARGIN;
                        int64_t left = 0;
                        const int64_t count = sift(rows.data() + (q - first) * TILE, from, to, limit, places.data());
                        differ_at(fine.memory, fines[q], fine.constants[q], barred, places.data(), count,
                                  [&](const Vector& each, int64_t at) {
                                      if (any(each <= limit)) places[left++] = at;
                                  });
                        differ_at(whole.memory, wholes[q], whole.constants[q], barred, places.data(), left,
                                  [&](const Vector& each, int64_t at) { own.add(each, at); });
                        least[q] = own.least;
                    }
                }
            }
    }
    for (int64_t q = 0; q < sought; ++q)
        found[q] = chosen(near.data() + q, PARTS, sought, tolerance, random ? random + q : nullptr);
}

// The differences of each of the patches that are sought, as for `nearest`, from N patches of its own (Q, N).
extern "C" void differences(const Compared& whole, const int64_t* places, int64_t candidates, float* found) {
#pragma omp parallel for
    for (int64_t q = 0; q < whole.sought; ++q)
        for (int64_t n = 0; n < candidates; ++n) {
            const float *patch = whole.memory + places[q * candidates + n], *weights = whole.weights + q * whole.count;
            float difference = 0;
#pragma omp simd reduction(+ : difference)
            for (int64_t tap = 0; tap < whole.count; ++tap) difference += weights[tap] * patch[whole.taps[tap]];
            found[q * candidates + n] = whole.constants[q] + difference;
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
