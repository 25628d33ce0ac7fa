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

// The features of one image, (height, width, C). When doubled they are stored as a convolution over corners leaves
// them: (height / 2 + 1, width / 2 + 1, 2, 2, C), rounded up, where a corner holds the four pixels around it.
template <typename T, int C>
struct Features {
    const T* data;
    int64_t width;
    bool doubled;

    const T* operator()(int64_t y, int64_t x) const {
        if (!doubled) return data + (y * width + x) * C;
        const int64_t corners = (width + 1) / 2 + 1;
        const int64_t row = (y + 1) / 2, column = (x + 1) / 2, phase = (y + 1) % 2 * 2 + (x + 1) % 2;
        return data + ((row * corners + column) * 4 + phase) * C;
    }
};

int64_t inside(int64_t at, int64_t size, bool replicate) {
    if (at < 0) return replicate ? 0 : -at;
    if (at >= size) return replicate ? size - 1 : 2 * (size - 1) - at;
    return at;
}

struct Shape {
    int64_t images, height, width;
    bool doubled;
    int64_t per_image(int64_t channels) const {
        return doubled ? ((height + 1) / 2 + 1) * ((width + 1) / 2 + 1) * 4 * channels : height * width * channels;
    }
};

// Per image and channel, what the features are multiplied by and what is then added: (B, C) each. Values are summed as
// differences from the first pixel, since squares of values that are large and nearly equal leave nothing of a variance.
template <typename T, int C>
void affine(const T* data, const float* gamma, const float* beta, float* scale, float* shift, Shape shape) {
    const int64_t rows = shape.images * shape.height;
    std::vector<float> sums(rows * 2 * C);
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const Features<T, C> features{data + row / shape.height * shape.per_image(C), shape.width, shape.doubled};
        const int64_t y = row % shape.height;
        constexpr int block = C % 32 ? C : 32;  // channels whose sums fit into registers
        for (int first = 0; first < C; first += block) {
            float sum[block] = {}, squares[block] = {}, origin[block];
            for (int c = 0; c < block; ++c) origin[c] = load(features(0, 0)[first + c]);
            for (int64_t x = 0; x < shape.width; ++x) {
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
    const double pixels = double(shape.height) * double(shape.width);
    for (int64_t image = 0; image < shape.images; ++image) {
        double total[2 * C] = {};
        for (int64_t row = image * shape.height; row < (image + 1) * shape.height; ++row)
            for (int c = 0; c < 2 * C; ++c) total[c] += sums[row * 2 * C + c];
        for (int c = 0; c < C; ++c) {
            const double offset = total[c] / pixels;
            const double variance = std::fmax(total[C + c] / pixels - offset * offset, 0.0);
            const Features<T, C> features{data + image * shape.per_image(C), shape.width, shape.doubled};
            const double mean = offset + load(features(0, 0)[c]);
            const int64_t at = image * C + c;
            scale[at] = float(gamma[at] / std::sqrt(variance + EPSILON));
            shift[at] = float(beta[at] - mean * scale[at]);
        }
    }
}

// out: (B, before + height + after[0], before + width + after[1], C). residual: padded by one pixel, or null.
template <typename T, typename To, int C>
void apply(const T* data, const float* scale, const float* shift, const T* residual, To* out, Shape shape, bool relu,
           int64_t before, const int64_t* after, bool replicate) {
    const int64_t height = before + shape.height + after[0], width = before + shape.width + after[1];
    const float least = relu ? 0.0f : -std::numeric_limits<float>::infinity();
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < shape.images * height; ++row) {
        const int64_t image = row / height;
        const Features<T, C> features{data + image * shape.per_image(C), shape.width, shape.doubled};
        const int64_t y = inside(row % height - before, shape.height, replicate);
        const T* skipped =
            residual ? residual + ((image * (shape.height + 2) + y + 1) * (shape.width + 2) + 1) * C : nullptr;
        float times[C], plus[C];
        std::memcpy(times, scale + image * C, sizeof times);
        std::memcpy(plus, shift + image * C, sizeof plus);
        for (int64_t column = 0; column < width; ++column) {
            const int64_t x = inside(column - before, shape.width, replicate);
            const T* __restrict pixel = features(y, x);
            To* __restrict to = out + (row * width + column) * C;
            if (skipped) {
                const T* __restrict other = skipped + x * C;
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

template <typename T, typename To, int C>
void normalize(const T* data, const float* gamma, const float* beta, const T* residual, To* out, Shape shape, bool relu,
               int64_t before, const int64_t* after, bool replicate) {
    std::vector<float> scale(shape.images * C), shift(shape.images * C);
    affine<T, C>(data, gamma, beta, scale.data(), shift.data(), shape);
    apply<T, To, C>(data, scale.data(), shift.data(), residual, out, shape, relu, before, after, replicate);
}

}  // namespace

// WIDTHS is a CASE(C) for every number of channels C of the network. Returns 1 for any other number, else 0.
#define CASE(C)                                                                                    \
    case C:                                                                                        \
        normalize<T, To, C>(data, gamma, beta, residual, out, {shape[0], shape[1], shape[2], doubled}, \
                            relu, before, after, replicate);                                       \
        return 0;

#define EXPORT(NAME, FROM, TO)                                                                       \
    extern "C" int NAME(const FROM* data, const float* gamma, const float* beta, const FROM* residual, \
                        TO* out, const int64_t* shape, int64_t channels, bool doubled, bool relu,    \
                        int64_t before, const int64_t* after, bool replicate) {                      \
        using T = FROM;                                                                              \
        using To = TO;                                                                               \
        switch (channels) { WIDTHS }                                                                 \
        return 1;                                                                                    \
    }

EXPORT(normalize_float32, float, float)
EXPORT(normalize_bfloat16, uint16_t, uint16_t)
EXPORT(normalize_bfloat16_exact, uint16_t, float)
