// What stands between two convolutions, in two passes over the features instead of six: conditional instance
// normalization, ReLU, the residual addition, nearest-neighbour doubling, and the padding of the next convolution.
//
// Memory is what these operations cost, not arithmetic. The first pass reads the features for their statistics, the
// second reads them again and writes the next convolution's padded input. Everything is channels-last, so that the
// innermost loop runs over channels and vectorizes; T and To are float, or bfloat16 as its bits. Sums are float over a
// row and double over rows, in an order that does not depend on the number of threads: equal pictures come out equal.
//
// kernels.py builds this file, with EPSILON and WIDTHS of the network, and calls it; fast_network.py has the same operation
// in PyTorch.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace {

float load(float value) { return value; }

float load(uint16_t bits) {
    const uint32_t wide = uint32_t(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
}

void store(float value, float& to) { to = value; }

void store(float value, uint16_t& to) {  // to the nearest, ties to even
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    to = uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// A window of the features of one image, channels-last: (height, width, C) in rows that are `stride` values apart. When
// doubled it is stored as a convolution over corners leaves it: (h, w, 2, 2, C), where a corner holds the four pixels
// around it. The window then begins with the first or the second of a corner's pixels, at row and column -1 or 0.
template <typename T, int C>
struct Features {
    const T* data;
    int64_t stride, top, left;
    bool doubled;

    const T* operator()(int64_t y, int64_t x) const {
        if (!doubled) return data + y * stride + x * C;
        y += top + 1, x += left + 1;
        return data + y / 2 * stride + (x / 2 * 4 + y % 2 * 2 + x % 2) * C;
    }
};

int64_t inside(int64_t at, int64_t size, bool replicate) {
    if (at < 0) return replicate ? 0 : -at;
    if (at >= size) return replicate ? size - 1 : 2 * (size - 1) - at;
    return at;
}

// Windows of several images; `image` and `row` are how many values one of them lies behind the one before.
template <typename T, int C>
struct Batch {
    const T* data;
    int64_t images, height, width, image, row, top, left;
    bool doubled;

    Features<T, C> operator[](int64_t n) const { return {data + n * image, row, top, left, doubled}; }
};

// Per image and channel the mean and the variance: (B, C) each. Values are summed as differences from the first pixel,
// since squares of values that are large and nearly equal leave nothing of a variance.
template <typename T, int C>
void measure(const Batch<T, C>& batch, double* mean, double* variance) {
    const int64_t rows = batch.images * batch.height;
    std::vector<float> sums(rows * 2 * C);
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const Features<T, C> features = batch[row / batch.height];
        const int64_t y = row % batch.height;
        constexpr int block = C % 32 ? C : 32;  // channels whose sums fit into registers
        for (int first = 0; first < C; first += block) {
            float sum[block] = {}, squares[block] = {}, origin[block];
            for (int c = 0; c < block; ++c) origin[c] = load(features(0, 0)[first + c]);
            for (int64_t x = 0; x < batch.width; ++x) {
                const T* pixel = features(y, x) + first;
#pragma omp simd
                for (int c = 0; c < block; ++c) {
                    const float value = load(pixel[c]) - origin[c];
                    sum[c] += value;
                    squares[c] += value * value;
                }
            }
            std::memcpy(&sums[row * 2 * C + first], sum, sizeof sum);
            std::memcpy(&sums[row * 2 * C + C + first], squares, sizeof squares);
        }
    }
    const double pixels = double(batch.height) * double(batch.width);
    for (int64_t image = 0; image < batch.images; ++image) {
        double total[2 * C] = {};
        for (int64_t row = image * batch.height; row < (image + 1) * batch.height; ++row)
            for (int c = 0; c < 2 * C; ++c) total[c] += sums[row * 2 * C + c];
        for (int c = 0; c < C; ++c) {
            const double offset = total[c] / pixels;
            mean[image * C + c] = offset + load(batch[image](0, 0)[c]);
            variance[image * C + c] = std::fmax(total[C + c] / pixels - offset * offset, 0.0);
        }
    }
}

// scale, shift: what the features are multiplied by and what is then added, (B, C). residual: as large, or null. out:
// (B, above + height + below, left + width + right, C), `padding` being left, right, above, below.
template <typename T, typename To, int C>
void apply(const Batch<T, C>& batch, const float* scale, const float* shift, const Batch<T, C>& residual, To* out,
           bool relu, const int64_t* padding, bool replicate) {
    const int64_t height = padding[2] + batch.height + padding[3], width = padding[0] + batch.width + padding[1];
    const float least = relu ? 0.0f : -std::numeric_limits<float>::infinity();
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < batch.images * height; ++row) {
        const int64_t image = row / height;
        const Features<T, C> features = batch[image], skipped = residual[image];
        const int64_t y = inside(row % height - padding[2], batch.height, replicate);
        float times[C], plus[C];
        std::memcpy(times, scale + image * C, sizeof times);
        std::memcpy(plus, shift + image * C, sizeof plus);
        for (int64_t column = 0; column < width; ++column) {
            const int64_t x = inside(column - padding[0], batch.width, replicate);
            const T* __restrict pixel = features(y, x);
            To* __restrict to = out + (row * width + column) * C;
            if (residual.data) {
                const T* __restrict other = skipped(y, x);
#pragma omp simd
                for (int c = 0; c < C; ++c) store(load(pixel[c]) * times[c] + plus[c] + load(other[c]), to[c]);
            } else {
#pragma omp simd
                for (int c = 0; c < C; ++c) {
                    const float value = load(pixel[c]) * times[c] + plus[c];
                    store(value > least ? value : least, to[c]);
                }
            }
        }
    }
}

// given: means, then variances, (2, B, C), or null for those of the features themselves.
template <typename T, typename To, int C>
void normalize(const Batch<T, C>& batch, const float* gamma, const float* beta, const double* given,
               const Batch<T, C>& residual, To* out, bool relu, const int64_t* padding, bool replicate) {
    const int64_t size = batch.images * C;
    std::vector<double> measured(given ? 0 : 2 * size);
    if (!given) measure<T, C>(batch, measured.data(), measured.data() + size);
    const double *mean = given ? given : measured.data(), *variance = mean + size;
    std::vector<float> scale(size), shift(size);
    for (int64_t at = 0; at < size; ++at) {
        scale[at] = float(gamma[at] / std::sqrt(variance[at] + EPSILON));
        shift[at] = float(beta[at] - mean[at] * scale[at]);
    }
    apply<T, To, C>(batch, scale.data(), shift.data(), residual, out, relu, padding, replicate);
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

#define MEASURE(NAME, FROM)                                                                                 \
    extern "C" int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled, double* to) { \
        using T = FROM;                                                                                     \
        switch (channels) { WIDTHS }                                                                        \
        return 1;                                                                                           \
    }

#define CALL measure<T, C>(BATCH(data, layout, doubled), to, to + layout[0] * C)
MEASURE(measure_float32, float)
MEASURE(measure_bfloat16, uint16_t)
#undef CALL

#define NORMALIZE(NAME, FROM, TO)                                                                             \
    extern "C" int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled,              \
                        const float* gamma, const float* beta, const double* given, const FROM* residual,     \
                        const int64_t* residual_layout, TO* out, bool relu, const int64_t* padding,           \
                        bool replicate) {                                                                     \
        using T = FROM;                                                                                       \
        using To = TO;                                                                                        \
        switch (channels) { WIDTHS }                                                                          \
        return 1;                                                                                             \
    }

#define CALL                                                                              \
    normalize<T, To, C>(BATCH(data, layout, doubled), gamma, beta, given,                 \
                        BATCH(residual, residual_layout, false), out, relu, padding, replicate)
NORMALIZE(normalize_float32, float, float)
NORMALIZE(normalize_bfloat16, uint16_t, uint16_t)
NORMALIZE(normalize_bfloat16_exact, uint16_t, float)
