// Instance normalization, there and back: features with a mean and a variance of their own in each channel of each image,
// multiplied and shifted; and what that makes of gradients.
//
// Memory is what it costs: features are read twice and written once, on the way back features and gradients twice. Everything is
// channels-last. Sums are float over a piece of an image and double over pieces, which do not depend on the number of threads.
//
// normalization.py builds this file.

#include <cmath>
#include <cstdint>
#include <vector>

#include "vectors.h"

namespace {

constexpr int64_t PIECE = 256;      // pixels
constexpr int TOGETHER = 2;         // vectors of channels
constexpr int64_t BLOCK = TOGETHER * LANES;

// Of `pixels` pixels of `channels` channels in each image.
struct Shape {
    int64_t images, pixels, channels;

    int64_t pieces() const { return (pixels + PIECE - 1) / PIECE; }

    // Calls each(image, channel, first pixel, number of pixels, which of all pieces) for BLOCK channels of a piece.
    template <typename Each>
    void for_pieces(const Each& each) const {
#pragma omp parallel for schedule(static)
        for (int64_t at = 0; at < images * pieces(); ++at)
            for (int64_t c = 0; c < channels; c += BLOCK) {
                const int64_t first = at % pieces() * PIECE;
                each(at / pieces(), c, first, std::min(PIECE, pixels - first), at);
            }
    }
};

// Two sums for every channel of every image, (images, 2, channels), of values that add(pixel's place, c, one, other) adds.
template <typename Add>
std::vector<double> sums(const Shape& shape, const Add& add) {
    const int64_t size = 2 * shape.channels;
    std::vector<float> parts(shape.images * shape.pieces() * size);
    shape.for_pieces([&](int64_t image, int64_t c, int64_t first, int64_t count, int64_t piece) {
        Vector one[TOGETHER] = {}, other[TOGETHER] = {};
        for (int64_t pixel = first; pixel < first + count; ++pixel)
#pragma GCC unroll 2
            for (int n = 0; n < TOGETHER; ++n)
                add(image, (image * shape.pixels + pixel) * shape.channels, c + n * LANES, one[n], other[n]);
        for (int n = 0; n < TOGETHER; ++n) {
            write(one[n], &parts[piece * size + c + n * LANES]);
            write(other[n], &parts[piece * size + shape.channels + c + n * LANES]);
        }
    });
    std::vector<double> total(shape.images * size);
    for (int64_t piece = 0; piece < shape.images * shape.pieces(); ++piece)
        for (int64_t at = 0; at < size; ++at) total[piece / shape.pieces() * size + at] += parts[piece * size + at];
    return total;
}

// found: for every channel of every image its mean and 1 / σ, (2, images, channels).
template <typename T>
void normalize(const T* features, const Shape& shape, const float* gamma, const float* beta, double epsilon, T* out,
               float* found) {
    const int64_t channels = shape.channels, size = shape.images * channels;
    // Differences from an image's first pixel: what has little variance would else lose it in a float's digits.
    const auto origin = [&](int64_t image, int64_t c) { return read(features + image * shape.pixels * channels + c); };
    const std::vector<double> total =
        sums(shape, [&](int64_t image, int64_t place, int64_t c, Vector& sum, Vector& squares) {
            const Vector apart = read(features + place + c) - origin(image, c);
            sum += apart;
            squares += apart * apart;
        });
    std::vector<float> times(size), plus(size);
    for (int64_t at = 0; at < size; ++at) {
        const int64_t image = at / channels, c = at % channels;
        const double offset = total[image * 2 * channels + c] / double(shape.pixels);
        const double variance = total[(image * 2 + 1) * channels + c] / double(shape.pixels) - offset * offset;
        float first[LANES];
        write(origin(image, c / LANES * LANES), first);
        const double mean = first[c % LANES] + offset, inverse = 1 / std::sqrt(std::fmax(variance, 0.0) + epsilon);
        found[at] = float(mean);
        found[size + at] = float(inverse);
        times[at] = float(gamma[at] * inverse);
        plus[at] = float(beta[at] - gamma[at] * inverse * mean);
    }
    shape.for_pieces([&](int64_t image, int64_t c, int64_t first, int64_t count, int64_t) {
        for (int64_t pixel = first; pixel < first + count; ++pixel)
#pragma GCC unroll 2
            for (int n = 0; n < TOGETHER; ++n) {
                const int64_t channel = image * channels + c + n * LANES;
                const int64_t place = (image * shape.pixels + pixel) * channels + c + n * LANES;
                write(read(features + place) * read(&times[channel]) + read(&plus[channel]), out + place);
            }
    });
}

// From the gradient of what `normalize` gave, with what it has found, those of features, γ and β.
template <typename T>
void pass_back(const T* gradient, const T* features, const Shape& shape, const float* gamma, const float* found, T* out,
               float* of_gamma, float* of_beta) {
    const int64_t channels = shape.channels, size = shape.images * channels;
    const float *mean = found, *inverse = found + size;
    const std::vector<double> total =
        sums(shape, [&](int64_t image, int64_t place, int64_t c, Vector& sum, Vector& products) {
            const Vector own = read(gradient + place + c);
            sum += own;
            products += own * (read(features + place + c) - read(mean + image * channels + c));
        });
    std::vector<float> of_gradient(size), of_features(size), plus(size);
    for (int64_t at = 0; at < size; ++at) {
        const int64_t image = at / channels, c = at % channels;
        const double sum = total[image * 2 * channels + c];
        const double along = total[(image * 2 + 1) * channels + c] * inverse[at];  // with normalized features
        const double times = double(gamma[at]) * inverse[at], less = times * along * inverse[at] / double(shape.pixels);
        of_beta[at] = float(sum);
        of_gamma[at] = float(along);
        of_gradient[at] = float(times);
        of_features[at] = float(-less);
        plus[at] = float(less * mean[at] - times * sum / double(shape.pixels));
    }
    shape.for_pieces([&](int64_t image, int64_t c, int64_t first, int64_t count, int64_t) {
        for (int64_t pixel = first; pixel < first + count; ++pixel)
#pragma GCC unroll 2
            for (int n = 0; n < TOGETHER; ++n) {
                const int64_t channel = image * channels + c + n * LANES;
                const int64_t place = (image * shape.pixels + pixel) * channels + c + n * LANES;
                const Vector value = read(gradient + place) * read(&of_gradient[channel]) + read(&plus[channel]);
                write(value + read(features + place) * read(&of_features[channel]), out + place);
            }
    });
}

}  // namespace

// shape: images, pixels, channels, which are a multiple of 32.
#define NORMALIZATION(NAME, T)                                                                                              \
    extern "C" void normalize_##NAME(const T* features, const int64_t* shape, const float* gamma, const float* beta,       \
                                     double epsilon, T* out, float* found) {                                               \
        normalize(features, {shape[0], shape[1], shape[2]}, gamma, beta, epsilon, out, found);                             \
    }                                                                                                                      \
    extern "C" void pass_back_##NAME(const T* gradient, const T* features, const int64_t* shape, const float* gamma,       \
                                     const float* found, T* out, float* of_gamma, float* of_beta) {                        \
        pass_back(gradient, features, {shape[0], shape[1], shape[2]}, gamma, found, out, of_gamma, of_beta);               \
    }

NORMALIZATION(float32, float)
NORMALIZATION(bfloat16, Bfloat16)
