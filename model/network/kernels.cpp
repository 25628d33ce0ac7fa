// What stands between two convolutions, in two passes over the features instead of six: conditional instance
// normalization, ReLU, the residual addition, nearest-neighbour doubling, and the padding of the next convolution.
//
// Memory is what these operations cost, not arithmetic. The first pass reads the features for their statistics, the
// second reads them again and writes the next convolution's padded input. In float32 most convolutions do without: they
// measure what they write (winograd.cpp) and normalize what they read (vectors.h). Everything is channels-last, and goes
// over channels by the vector; T and To are float, Bfloat16, or Stored. Sums are float over a row and double
// over rows, in an order that does not depend on the number of threads: equal pictures come out equal.
//
// kernels.py builds this file, with EPSILON and WIDTHS of the network, and calls it; fast_network.py has the same operation
// in PyTorch.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "vectors.h"

namespace {

// As a vector of channels is read and written, V, so is a single one where no vector is left: V is then float.
template <typename V, typename T>
INLINE V load(const T* from) {
    return read(from);
}

template <>
INLINE float load(const float* from) {
    return *from;
}

template <>
INLINE float load(const Bfloat16* from) {
    const uint32_t wide = uint32_t(from->bits) << 16;
    return read<float>(&wide);
}

template <typename T>
INLINE void store(const Vector& value, T* to) {
    write(value, to);
}

INLINE void store(float value, float* to) { *to = value; }

INLINE void store(float value, Bfloat16* to) { to->bits = uint16_t(rounded(read<uint32_t>(&value))); }

#if STORES_HALVES
template <>
INLINE float load(const Half* from) {
    return _cvtsh_ss(from->bits);
}

INLINE void store(float value, Half* to) {
    to->bits = _cvtss_sh(std::min(std::max(value, -Half::MOST), Half::MOST), _MM_FROUND_TO_NEAREST_INT);
}
#endif

// Calls `each` with every LANES of C channels, and with each that is left over: with its number, and something of V.
template <int C, typename Each>
INLINE void for_channels(Each each) {
    constexpr int WHOLE = C / LANES * LANES;
#pragma GCC unroll 8
    for (int c = 0; c < WHOLE; c += LANES) each(c, Vector());
#pragma GCC unroll 3
    for (int c = WHOLE; c < C; ++c) each(c, float());
}

// A number for each of C channels, in registers.
template <int C>
struct Numbers {
    Vector vectors[C / LANES + 1];
    float others[C % LANES + 1];

    INLINE Vector& operator()(int c, Vector) { return vectors[c / LANES]; }
    INLINE float& operator()(int c, float) { return others[c % LANES]; }
};

// A window of the features of one image, channels-last: (height, width, C) in rows that are `stride` values apart. When
// doubled it is stored as a convolution over corners leaves it: (h, w, 2, 2, C), where a corner holds the four pixels
// around it. The window then begins with the first or the second of a corner's pixels, at row and column -1 or 0.
template <typename T, int C>
struct Pixels {
    const T* data;
    int64_t stride, top, left;
    bool doubled;

    const T* operator()(int64_t y, int64_t x) const {
        if (!doubled) return data + y * stride + x * C;
        y += top + 1, x += left + 1;
        return data + y / 2 * stride + (x / 2 * 4 + y % 2 * 2 + x % 2) * C;
    }
};

// Windows of several images; `image` and `row` are how many values one of them lies behind the one before.
template <typename T, int C>
struct Batch {
    const T* data;
    int64_t images, height, width, image, row, top, left;
    bool doubled;

    Pixels<T, C> operator[](int64_t n) const { return {data + n * image, row, top, left, doubled}; }
};

// Pixels around corners lie in pairs, with gaps between them, over which processors do not look ahead by themselves.
constexpr int64_t AHEAD = 16;

// COUNT channels from `first` on of the pixel that will be read so much later.
template <int COUNT, typename T, int C>
INLINE void fetch_ahead(const Batch<T, C>& batch, const Pixels<T, C>& features, int64_t y, int64_t x, int first) {
    if (!batch.doubled) return;
    const T* pixel = features(y, std::min(x + AHEAD, batch.width - 1)) + first;
    for (int c = 0; c < COUNT; c += 64 / int(sizeof(T))) __builtin_prefetch(pixel + c);
}

// Adds the values of each row, as differences from `origin`, and their squares to `sums`, of which every image has `rows`:
// (B, rows, 2, C). Squares of values that are large and nearly equal would leave nothing of a variance.
template <typename T, int C>
void add_up(const Batch<T, C>& batch, const float* origin, float* sums, int64_t rows) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < batch.images * batch.height; ++row) {
        const int64_t image = row / batch.height, y = row % batch.height;
        const Pixels<T, C> features = batch[image];
        float* of_row = sums + (image * rows + y) * 2 * C;
        constexpr int block = C % 32 ? C : 32;  // channels whose sums fit into registers
        for (int first = 0; first < C; first += block) {
            Numbers<block> sum, squares, from;
            for_channels<block>([&](int c, auto v) {
                sum(c, v) = load<decltype(v)>(of_row + first + c);
                squares(c, v) = load<decltype(v)>(of_row + C + first + c);
                from(c, v) = load<decltype(v)>(origin + image * C + first + c);
            });
            for (int64_t x = 0; x < batch.width; ++x) {
                const T* pixel = features(y, x) + first;
                fetch_ahead<block>(batch, features, y, x, first);
                for_channels<block>([&](int c, auto v) {
                    const auto value = load<decltype(v)>(pixel + c) - from(c, v);
                    sum(c, v) += value;
                    squares(c, v) += value * value;
                });
            }
            for_channels<block>([&](int c, auto v) {
                store(sum(c, v), of_row + first + c);
                store(squares(c, v), of_row + C + first + c);
            });
        }
    }
}

// The mean and the variance of what was added up over rows that are `width` pixels wide: (B, C) each.
void moments(const float* origin, const float* sums, int64_t images, int64_t rows, int64_t width, int64_t channels,
             double* mean, double* variance) {
    const double pixels = double(rows) * double(width);
    for (int64_t image = 0; image < images; ++image) {
        std::vector<double> total(2 * channels);
        for (int64_t row = image * rows; row < (image + 1) * rows; ++row)
            for (int64_t c = 0; c < 2 * channels; ++c) total[c] += sums[row * 2 * channels + c];
        for (int64_t c = 0; c < channels; ++c) {
            const double offset = total[c] / pixels;
            mean[image * channels + c] = offset + origin[image * channels + c];
            variance[image * channels + c] = std::fmax(total[channels + c] / pixels - offset * offset, 0.0);
        }
    }
}

template <typename T, int C>
void measure(const Batch<T, C>& batch, double* mean, double* variance) {
    std::vector<float> origin(batch.images * C), sums(batch.images * batch.height * 2 * C);
    for (int64_t image = 0; image < batch.images; ++image)
        for_channels<C>([&](int c, auto v) {
            store(load<decltype(v)>(batch[image](0, 0) + c), &origin[image * C + c]);
        });
    add_up<T, C>(batch, origin.data(), sums.data(), batch.height);
    moments(origin.data(), sums.data(), batch.images, batch.height, batch.width, C, mean, variance);
}

// What the features are multiplied by and what is then added, (B, count, C). shares: of each pixel, (B, height, width,
// count), or null where there is one style.
struct Styles {
    const float *scale, *shift, *shares;
    int64_t count;
};

// Scale and shift of a pixel, and whose they are: the number of a style, or `count` for a mixture. before: whose are there.
template <int C>
int64_t mix(const float* share, int64_t count, const float* scale, const float* shift, int64_t before, float* times,
            float* plus) {
    for (int64_t k = 0; k < count; ++k) {
        if (share[k] != 1.0f) continue;
        if (k != before) {
            std::memcpy(times, scale + k * C, C * sizeof *times);
            std::memcpy(plus, shift + k * C, C * sizeof *plus);
        }
        return k;
    }
    float mixed_times[C] = {}, mixed_plus[C] = {};
    for (int64_t k = 0; k < count; ++k) {
        if (share[k] == 0.0f) continue;
        const float* __restrict style_scale = scale + k * C;
        const float* __restrict style_shift = shift + k * C;
#pragma omp simd
        for (int c = 0; c < C; ++c) {
            mixed_times[c] += share[k] * style_scale[c];
            mixed_plus[c] += share[k] * style_shift[c];
        }
    }
    std::memcpy(times, mixed_times, sizeof mixed_times);
    std::memcpy(plus, mixed_plus, sizeof mixed_plus);
    return count;
}

// residual: as large as the features, or null. out: (B, above + height + below, left + width + right, C), `padding` being
// left, right, above, below.
template <typename T, typename To, int C>
void apply(const Batch<T, C>& batch, const Styles& styles, const Batch<T, C>& residual, To* out, bool relu,
           const int64_t* padding, bool replicate) {
    const int64_t height = padding[2] + batch.height + padding[3], width = padding[0] + batch.width + padding[1];
    const float least = relu ? 0.0f : -std::numeric_limits<float>::infinity();
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < batch.images * height; ++row) {
        const int64_t image = row / height;
        const Pixels<T, C> features = batch[image], skipped = residual[image];
        const int64_t y = inside(row % height - padding[2], batch.height, replicate);
        const float *scale = styles.scale + image * styles.count * C, *shift = styles.shift + image * styles.count * C;
        const float* shares =
            styles.shares ? styles.shares + (image * batch.height + y) * batch.width * styles.count : nullptr;
        float times[C], plus[C];
        std::memcpy(times, scale, sizeof times);
        std::memcpy(plus, shift, sizeof plus);
        int64_t whose = 0;
        for (int64_t column = 0; column < width; ++column) {
            const int64_t x = inside(column - padding[0], batch.width, replicate);
            if (shares)
                whose = mix<C>(shares + x * styles.count, styles.count, scale, shift, whose, times, plus);
            const T* __restrict pixel = features(y, x);
            fetch_ahead<C>(batch, features, y, x, 0);
            To* __restrict to = out + (row * width + column) * C;
            const auto normalized = [&](int c, auto v) __attribute__((always_inline)) {
                using V = decltype(v);
                return load<V>(pixel + c) * load<V>(times + c) + load<V>(plus + c);
            };
            if (residual.data) {
                const T* __restrict other = skipped(y, x);
                for_channels<C>([&](int c, auto v) {
                    store(normalized(c, v) + load<decltype(v)>(other + c), to + c);
                });
            } else {
                for_channels<C>([&](int c, auto v) {
                    const auto value = normalized(c, v);
                    store(value > least ? value : v + least, to + c);
                });
            }
        }
    }
}

// What features are multiplied by and what is then added, as gamma and beta are, (B, styles, C). given: means, then
// variances, (2, B, styles, C), or null for those of the features themselves.
template <typename T, int C>
void find_scale(const Batch<T, C>& batch, const float* gamma, const float* beta, int64_t styles, const double* given,
                float* scale, float* shift) {
    const int64_t size = batch.images * styles * C;
    std::vector<double> measured(given ? 0 : 2 * batch.images * C);
    if (!given) measure<T, C>(batch, measured.data(), measured.data() + batch.images * C);
    for (int64_t at = 0; at < size; ++at) {
        const int64_t from = at / (styles * C) * C + at % C;
        const double mean = given ? given[at] : measured[from];
        const double variance = given ? given[size + at] : measured[batch.images * C + from];
        scale[at] = float(gamma[at] / std::sqrt(variance + EPSILON));
        shift[at] = float(beta[at] - mean * scale[at]);
    }
}

template <typename T, typename To, int C>
void normalize(const Batch<T, C>& batch, const float* gamma, const float* beta, int64_t styles, const float* shares,
               const double* given, const Batch<T, C>& residual, To* out, bool relu, const int64_t* padding,
               bool replicate) {
    std::vector<float> scale(batch.images * styles * C), shift(scale.size());
    find_scale<T, C>(batch, gamma, beta, styles, given, scale.data(), shift.data());
    apply<T, To, C>(batch, {scale.data(), shift.data(), shares, styles}, residual, out, relu, padding, replicate);
}

}  // namespace

// A batch is passed as its data and a layout: images, height, width, image, row, top, left. WIDTHS is a CASE(C) for
// every number of channels C of the network. Each function returns 1 for any other number, else 0.
#define BATCH(DATA, LAYOUT, DOUBLED) \
    Batch<T, C> { DATA, LAYOUT[0], LAYOUT[1], LAYOUT[2], LAYOUT[3], LAYOUT[4], LAYOUT[5], LAYOUT[6], DOUBLED }

#define CASE(N)                   \
    case N: {                     \
        constexpr int C = N;      \
        CALL;                     \
        return 0;                 \
    }

#define ADD_UP(NAME, FROM)                                                                                  \
    extern "C" int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled,            \
                        const float* origin, float* sums, int64_t rows) {                                   \
        using T = FROM;                                                                                     \
        switch (channels) { WIDTHS }                                                                        \
        return 1;                                                                                           \
    }

#define CALL add_up<T, C>(BATCH(data, layout, doubled), origin, sums, rows)
ADD_UP(add_up_float32, float)
ADD_UP(add_up_bfloat16, Bfloat16)
ADD_UP(add_up_stored, Stored)
#undef CALL

// found: means, then variances, (2, B, C).
#define MEASURE(NAME, FROM)                                                                                             \
    extern "C" int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled, double* found) {       \
        using T = FROM;                                                                                                 \
        switch (channels) { WIDTHS }                                                                                    \
        return 1;                                                                                                       \
    }

#define CALL measure<T, C>(BATCH(data, layout, doubled), found, found + layout[0] * C)
MEASURE(measure_float32, float)
MEASURE(measure_stored, Stored)
#undef CALL

extern "C" void moments_of_sums(const float* origin, const float* sums, const int64_t* shape, double* to) {
    moments(origin, sums, shape[0], shape[1], shape[2], shape[3], to, to + shape[0] * shape[3]);
}

// Of one style an image.
#define CALL find_scale<T, C>(BATCH(data, layout, doubled), gamma, beta, 1, given, scale, shift)
extern "C" int find_scale(const Stored* data, const int64_t* layout, int64_t channels, bool doubled,
                          const float* gamma, const float* beta, const double* given, float* scale, float* shift) {
    using T = Stored;
    switch (channels) { WIDTHS }
    return 1;
}
#undef CALL

#define NORMALIZE(NAME, FROM, TO)                                                                             \
    extern "C" int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled,              \
                        const float* gamma, const float* beta, int64_t styles, const float* shares,           \
                        const double* given, const FROM* residual, const int64_t* residual_layout, TO* out,   \
                        bool relu, const int64_t* padding, bool replicate) {                                  \
        using T = FROM;                                                                                       \
        using To = TO;                                                                                        \
        switch (channels) { WIDTHS }                                                                          \
        return 1;                                                                                             \
    }

#define CALL                                                                               \
    normalize<T, To, C>(BATCH(data, layout, doubled), gamma, beta, styles, shares, given,  \
                        BATCH(residual, residual_layout, false), out, relu, padding, replicate)
NORMALIZE(normalize_float32, float, float)
NORMALIZE(normalize_bfloat16, Bfloat16, Bfloat16)
NORMALIZE(normalize_bfloat16_exact, Bfloat16, float)
NORMALIZE(normalize_stored, Stored, Stored)
NORMALIZE(normalize_stored_exact, Stored, float)
#undef CALL

// Whether what a convolution leaves is stored in halves.
extern "C" bool stores_halves() { return STORES_HALVES; }
