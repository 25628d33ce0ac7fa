// What takes the time of pictures of an exemplar's own pixels: which patch of all differs least, and one pass of coherence.
//
// All numbers are integers that float holds exactly (match.py), so that sums are the same in any order, and whatever is
// found is what match.py and coherence.py find without a compiler.

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "vectors.h"

namespace {

constexpr int VECTORS = LANES == 16 ? 4 : 2, PATCHES = VECTORS * LANES;  // that are compared at once,
constexpr int MOST = LANES == 4 ? 4 : 6;                                 // with so many sought ones: sums fit into registers
constexpr int64_t TILE = 1024;  // patches that are compared with all that are sought: what they are made of stays in the cache
constexpr int64_t PARTS = 16;   // of all patches, which threads take one after the other

// Some of the patches that are sought, and what any of them knows: taps, and for each the weights of all.
struct Group {
    int64_t first, size;
    std::vector<int64_t> taps;
    std::vector<float> weights;
};

// Patches beside one another that may be near enough, all as much so: of an exemplar with much of one colour there are few.
struct Near {
    int64_t first, count;
    float difference;
};

std::vector<Group> grouped(const int64_t* taps, int64_t count, const float* weights, int64_t sought) {
    const int64_t groups = (sought + MOST - 1) / MOST;
    std::vector<Group> found;
    for (int64_t each = 0; each < groups; ++each) {
        const int64_t first = each * sought / groups, size = (each + 1) * sought / groups - first;
        Group group{first, size, {}, {}};
        for (int64_t tap = 0; tap < count; ++tap) {
            bool known = false;
            for (int64_t q = first; q < first + size; ++q) known |= weights[q * count + tap] != 0;
            if (!known) continue;
            group.taps.push_back(taps[tap]);
            for (int64_t q = first; q < first + size; ++q) group.weights.push_back(weights[q * count + tap]);
        }
        found.push_back(std::move(group));
    }
    return found;
}

// The differences of a group of Q from the patches at [begin, end), each in a row of TILE.
template <int Q>
void differ(const float* memory, const float* barred, int64_t begin, int64_t end, const Group& group,
            const float* constants, float* to) {
    for (int64_t first = begin; first < end; first += PATCHES, to += PATCHES) {
        Vector sums[Q][VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < VECTORS; ++v) {
            const Vector bar = read(barred + first + v * LANES);
#pragma GCC unroll 6
            for (int q = 0; q < Q; ++q) sums[q][v] = bar + constants[group.first + q];
        }
        const float* weight = group.weights.data();
        for (const int64_t tap : group.taps) {
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

// The least of the differences of a tile.
float least_of(const float* differences, int64_t count) {
    Vector lowest[VECTORS];
    for (Vector& each : lowest) each = Vector{} + std::numeric_limits<float>::infinity();
    for (int64_t n = 0; n < count; n += PATCHES)
        for (int v = 0; v < VECTORS; ++v) {
            const Vector values = read(differences + n + v * LANES);
            lowest[v] = values < lowest[v] ? values : lowest[v];
        }
    float least = std::numeric_limits<float>::infinity();
    for (const Vector& each : lowest)
        for (int lane = 0; lane < LANES; ++lane) least = std::min(least, each[lane]);
    return least;
}

// Add those of a tile that are at most `tolerance` times the least so far: all that can be so in the end, and more.
void gather(const float* differences, int64_t begin, int64_t end, float tolerance, float& least, std::vector<Near>& near) {
    const float lowest = least_of(differences, end - begin);
    least = std::min(least, lowest);
    const float limit = std::min(tolerance * least, std::numeric_limits<float>::max());  // what is barred never is
    if (lowest > limit) return;
    for (int64_t n = begin; n < end; ++n) {
        const float difference = differences[n - begin];
        if (difference > limit) continue;
        if (!near.empty() && near.back().first + near.back().count == n && near.back().difference == difference)
            ++near.back().count;
        else
            near.push_back({n, 1, difference});
    }
}

// The first of the least, or by a number in [0, 1) one of those that are at most `tolerance` times that.
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
    int64_t left = random ? std::min(int64_t(*random * double(all)), all - 1) : 0;
    const Near* found = enough.data();
    for (; left >= found->count; ++found) left -= found->count;
    return found->first + left;
}

int64_t within(int64_t at, int64_t size) { return std::max<int64_t>(0, std::min(at, size - 1)); }

}  // namespace

// Where the patches that are sought differ least from the exemplar's: (Q,), from 0 to end.
// memory, taps (T): a number of the patch n lies at memory[n + tap]. barred (end): infinity for what may not be taken, else 0.
// weights (Q, T), constants (Q): as match.py has them. end: a multiple of 64, as far as memory may be read from each tap.
extern "C" void nearest(const float* memory, const int64_t* taps, int64_t count, const float* barred, int64_t end,
                        const float* weights, const float* constants, int64_t sought, float tolerance,
                        const double* random, int64_t* found) {
    const std::vector<Group> groups = grouped(taps, count, weights, sought);
    const int64_t tiles = (end + TILE - 1) / TILE;
    std::vector<std::vector<Near>> near(PARTS * sought);
#pragma omp parallel
    {
        std::vector<float> differences(MOST * TILE), least(sought, std::numeric_limits<float>::infinity());
#pragma omp for schedule(dynamic)
        for (int64_t part = 0; part < PARTS; ++part)
            for (int64_t tile = part * tiles / PARTS; tile < (part + 1) * tiles / PARTS; ++tile) {
                const int64_t from = tile * TILE, to = std::min(from + TILE, end);
                for (const Group& group : groups) {
#define CASE(Q)                                                                                 \
    case Q:                                                                                     \
        differ<Q>(memory, barred, from, to, group, constants, differences.data());              \
        break;
                    switch (group.size) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) }
#undef CASE
                    for (int64_t q = 0; q < group.size; ++q)
                        gather(differences.data() + q * TILE, from, to, tolerance, least[group.first + q],
                               near[part * sought + group.first + q]);
                }
            }
    }
    for (int64_t q = 0; q < sought; ++q)
        found[q] = chosen(near.data() + q, PARTS, sought, tolerance, random ? random + q : nullptr);
}

// The differences of each of the patches that are sought, as for `nearest`, from N patches of its own (Q, N).
extern "C" void differences(const float* memory, const int64_t* taps, int64_t count, const float* weights,
                            const float* constants, int64_t sought, const int64_t* places, int64_t candidates,
                            float* found) {
    for (int64_t q = 0; q < sought; ++q)
        for (int64_t n = 0; n < candidates; ++n) {
            const float* patch = memory + places[q * candidates + n];
            float difference = constants[q];
            for (int64_t tap = 0; tap < count; ++tap) difference += weights[q * count + tap] * patch[taps[tap]];
            found[q * candidates + n] = difference;
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
