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
constexpr int VECTORS = 2;          // of channels
constexpr int64_t BLOCK = VECTORS * LANES;

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

    // Calls each(which of all channels of all images, place) for every LANES values.
    template <typename Each>
    void for_values(const Each& each) const {
        for_pieces([&](int64_t image, int64_t c, int64_t first, int64_t count, int64_t) {
            for (int64_t pixel = first; pixel < first + count; ++pixel)
#pragma GCC unroll 2
                for (int n = 0; n < VECTORS; ++n) {
                    const int64_t channel = c + n * LANES;
                    each(image * channels + channel, (image * pixels + pixel) * channels + channel);
                }
        });
    }
};

// Two sums for every channel of every image, (images, 2, channels): of values, and of others. add(place, c, origin, one, other)
// adds a pixel's. Where origin(place, c) of a piece's first pixel is not zero, values are differences from it, and the others
// their squares, and so are added up: what has little variance would lose it in a float's digits.
template <typename Origin, typename Add>
std::vector<double> sums(const Shape& shape, const Origin& origin, const Add& add) {
    const int64_t channels = shape.channels, pieces = shape.pieces();
    std::vector<float> parts(shape.images * pieces * 3 * channels);
    shape.for_pieces([&](int64_t image, int64_t c, int64_t first, int64_t count, int64_t piece) {
        Vector from[VECTORS], one[VECTORS] = {}, other[VECTORS] = {};
        const int64_t place = (image * shape.pixels + first) * channels;
        for (int n = 0; n < VECTORS; ++n) from[n] = origin(place, c + n * LANES);
        for (int64_t pixel = 0; pixel < count; ++pixel)
#pragma GCC unroll 2
            for (int n = 0; n < VECTORS; ++n)
                add(image, place + pixel * channels, c + n * LANES, from[n], one[n], other[n]);
        for (int n = 0; n < VECTORS; ++n) {
            float* part = &parts[piece * 3 * channels + c + n * LANES];
            write(from[n], part);
            write(one[n], part + channels);
            write(other[n], part + 2 * channels);
        }
    });
    std::vector<double> total(shape.images * 2 * channels);
    for (int64_t piece = 0; piece < shape.images * pieces; ++piece) {
        const float* part = &parts[piece * 3 * channels];
        double* to = &total[piece / pieces * 2 * channels];
        const double count = double(std::min(PIECE, shape.pixels - piece % pieces * PIECE));
        for (int64_t c = 0; c < channels; ++c) {
            const double from = part[c], one = part[channels + c], other = part[2 * channels + c];
            to[c] += count * from + one;
            to[channels + c] += from * (count * from + 2 * one) + other;
        }
    }
    return total;
}

// found: for every channel of every image its mean and 1 / σ, (2, images, channels).
template <typename T>
void normalize(const T* features, const Shape& shape, const float* gamma, const float* beta, double epsilon, T* out,
               float* found) {
    const int64_t channels = shape.channels, size = shape.images * channels;
    const std::vector<double> total = sums(
        shape, [&](int64_t place, int64_t c) { return read(features + place + c); },
        [&](int64_t, int64_t place, int64_t c, const Vector& from, Vector& sum, Vector& squares) {
            const Vector apart = read(features + place + c) - from;
            sum += apart;
            squares += apart * apart;
        });
    std::vector<float> times(size), plus(size);
    for (int64_t at = 0; at < size; ++at) {
        const int64_t image = at / channels, c = at % channels;
        const double mean = total[image * 2 * channels + c] / double(shape.pixels);
        const double variance = total[(image * 2 + 1) * channels + c] / double(shape.pixels) - mean * mean;
        const double inverse = 1 / std::sqrt((variance < 0 ? 0 : variance) + epsilon);  // what is no number stays none
        found[at] = float(mean);
        found[size + at] = float(inverse);
        times[at] = float(gamma[at] * inverse);
        plus[at] = float(beta[at] - gamma[at] * inverse * mean);
    }
    shape.for_values([&](int64_t channel, int64_t place) {
        write(read(features + place) * read(&times[channel]) + read(&plus[channel]), out + place);
    });
}

// From the gradient of what `normalize` gave, with what it has found, those of features, γ and β.
template <typename T>
void pass_back(const T* gradient, const T* features, const Shape& shape, const float* gamma, const float* found, T* out,
               float* of_gamma, float* of_beta) {
    const int64_t channels = shape.channels, size = shape.images * channels;
    const float *mean = found, *inverse = found + size;
    const std::vector<double> total = sums(
        shape, [](int64_t, int64_t) { return Vector{}; },
        [&](int64_t image, int64_t place, int64_t c, const Vector&, Vector& sum, Vector& products) {
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
    shape.for_values([&](int64_t channel, int64_t place) {
        const Vector value = read(gradient + place) * read(&of_gradient[channel]) + read(&plus[channel]);
        write(value + read(features + place) * read(&of_features[channel]), out + place);
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
