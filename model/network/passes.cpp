// A pass of the network over photos, from these to their paintings, in one call. What fast_network.py does layer by layer is
// left to Python there, whose lock a service's threads would wait for after every kernel, while another of them answers,
// decodes, or prepares its own next layer.
//
// passes.py tells what the layers are; kernels.py builds this file together with those whose functions it calls.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "units.h"
#include "vectors.h"

// Of winograd.cpp, nested.cpp, direct.cpp, kernels.cpp, and pictures/planes.cpp.
extern "C" {
int convolve_winograd(const Stored* data, const int64_t* layout, const float* scale, const float* shift, const void* weights,
                      const float* scales, int64_t kernel, int64_t stride, Stored* out, const int64_t* out_layout,
                      double* found, int64_t height, int64_t width, bool doubled);
int convolve_narrower(const Stored* data, const int64_t* layout, const float* scale, const float* shift,
                      const float* weights, int64_t pieces, float* out, const int64_t* out_layout);
void convolve_wider(const float* data, const int64_t* layout, int64_t channel, const float* weights, int64_t pieces,
                    Stored* out, const int64_t* out_layout);
void convolve_direct(const float* data, const int64_t* layout, const float* weights, int64_t size, Stored* out,
                     const int64_t* out_layout);
void convolve_in_matrices(const Stored* data, const int64_t* layout, const float* scale, const float* shift,
                          const void* weights, int64_t size, int64_t stride, Stored* out, const int64_t* out_layout,
                          double* found, int64_t height, int64_t width, bool doubled);
void convolve_picture_in_matrices(const float* data, const int64_t* layout, int64_t channel, const void* weights,
                                  int64_t size, int64_t stride, Stored* out, const int64_t* out_layout, double* found,
                                  int64_t height, int64_t width, bool doubled);
int find_scale(const Stored* data, const int64_t* layout, int64_t channels, bool doubled, const float* gamma,
               const float* beta, const double* given, float* scale, float* shift);
#define MEASURE(NAME, FROM) int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled, double* found);
MEASURE(measure_stored, Stored)
MEASURE(measure_float32, float)
#undef MEASURE
#define NORMALIZE(NAME, FROM, TO)                                                                                       \
    int NAME(const FROM* data, const int64_t* layout, int64_t channels, bool doubled, const float* gamma,               \
             const float* beta, int64_t styles, const float* shares, const double* given, const FROM* residual,         \
             const int64_t* residual_layout, TO* out, bool relu, const int64_t* padding, bool replicate);
NORMALIZE(normalize_stored, Stored, Stored)
NORMALIZE(normalize_stored_exact, Stored, float)
NORMALIZE(normalize_float32, float, float)
#undef NORMALIZE
void as_pixels(const float* planes, int64_t images, int64_t height, int64_t width, const int64_t* padding, float less,
               float* out);
void bytes_as_pixels(const uint8_t* pixels, int64_t images, int64_t height, int64_t width, const int64_t* padding,
                     float less, float* out);
}

namespace {

enum Kernel : int64_t { WINOGRAD, NARROWER, WIDER, DIRECT, MATRICES };

enum Failure { NONE, UNKNOWN_CHANNELS, NO_MEMORY };

// A convolution, what its features are, and what the layer after it needs of them; passes.py has the same.
struct Layer {
    int64_t by;                          // the kernel that computes it
    int64_t weights, scales;             // addresses: as that one takes them; what they are multiples of, or null
    int64_t size, stride, pieces;        // of the convolution; of its nested pieces
    int64_t rows, columns, written;      // places at which it is computed, and channels at each of them
    int64_t height, width, channels;     // of its features
    int64_t doubled, measured;           // whether they are around corners; whether it can measure them
    int64_t opens, adds;                 // whether a residual block begins with them, normalized; whether one ends with them
    int64_t padding[4], replicate;       // around them, for the next layer: left, right, above and below
};

template <typename T>
const T* at(int64_t address) {
    return reinterpret_cast<const T*>(uintptr_t(address));
}

// Memory that is written before it is read.
template <typename T>
class Block {
public:
    Block() = default;
    explicit Block(int64_t count) : memory(std::aligned_alloc(LINE, (count * sizeof(T) + LINE - 1) / LINE * LINE)) {}

    operator T*() const { return static_cast<T*>(memory.get()); }
    T* release() { return static_cast<T*>(memory.release()); }

private:
    struct Free {
        void operator()(void* block) const { std::free(block); }
    };

    static constexpr size_t LINE = 64;  // of a cache
    std::unique_ptr<void, Free> memory;
};

// 1 / (1 + e⁻ˣ), within four roundings.
INLINE Vector sigmoid(const Vector& x) {
    constexpr float TO_TWO = -1.44269504088896f, MOST = 126, SHIFT = 3 << 22;  // whose last bit is a one
    const Vector y = x * TO_TWO, above = greater(y, Vector{} - MOST), power = above < MOST ? above : Vector{} + MOST;
    const Vector whole = (power + SHIFT) - SHIFT, rest = power - whole;
    // 2 to the rest, which is within -1/2 and 1/2: its Taylor series
    const Vector square = rest * rest, low = rest * 6.93147181e-1f + 1, middle = rest * 5.55041087e-2f + 2.40226507e-1f;
    const Vector high = (rest * 1.54035304e-4f + 1.33335581e-3f) * rest + 9.61812911e-3f;
    const Vector sum = (high * square + middle) * square + low;
    const Integers scaled = Integers(sum) + (__builtin_convertvector(whole, Integers) << 23);
    return 1 / (1 + Vector(scaled));
}

// Pixels that may be any numbers as planes from 0 to 1.
void to_paintings(const float* pixels, int64_t images, int64_t height, int64_t width, float* planes) {
    const int64_t plane = height * width;
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < images * height; ++line) {
        const float* from = pixels + line * width * FEW;
        float* to = planes + line / height * FEW * plane + line % height * width;
        std::vector<float> row(width * FEW);
        for (int64_t at = 0; at < width * FEW; at += LANES) {
            const int64_t x = place(at, width * FEW);
            write(sigmoid(read(from + x)), row.data() + x);
        }
        const float* values = row.data();
#pragma omp simd
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < FEW; ++c) to[c * plane + x] = values[x * FEW + c];
    }
}

// (images, FEW, height, width) of floats, or (images, height, width, FEW) of bytes.
struct Photos {
    const void* data;
    bool of_bytes;
    int64_t images, height, width;
};

// What a layer's convolution leaves, of several images; of a NARROWER one it is `exact`, of the others `stored`.
struct Convolved {
    Block<Stored> stored;
    Block<float> exact;
    Block<double> moments;
};

// Features that are normalized, with padding around them, channels-last.
struct Normalized {
    Block<Stored> values;
    int64_t images = 0, height = 0, width = 0, channels = 0;

    int64_t row() const { return width * channels; }
    // As convolutions read them.
    std::vector<int64_t> reading() const {
        return {images, height, width, height * row(), row(), channels, 0, 0, 0, 0, 0, 0, 0, 0};
    }
};

class Pass {
public:
    Failure failure = NONE;

    // held, pace: see `paint`.
    Pass(const Layer* layers, int64_t count, int64_t images, const float* styles, double* held, double pace)
        : layers(layers), count(count), images(images), styles(styles), held(held), pace(pace) {
        for (int64_t n = 0; n < count; ++n) style_size += 2 * layers[n].channels;
    }

    // (images, FEW, height, width), or nothing where it has failed.
    Block<float> paint(const Photos& photos, const int64_t* border, float less) {
        Convolved features = enter(photos, border, less);
        Normalized block;
        Block<float> pixels;
        for (int64_t n = 0; n < count && !failure; ++n) {
            const Layer& layer = layers[n];
            const double* known = moments(layer, features);
            const std::vector<float> gamma = style(layer.channels), beta = style(layer.channels);
            if (n == count - 1) {
                pixels = leave(layer, features, known, gamma, beta);
                features = {};
            } else if (layer.opens || layer.adds) {
                Normalized normalized = normalize(layer, features, known, gamma, beta, block);
                features = {};
                features = convolve(layers[n + 1], normalized.values, normalized.reading(), nullptr, nullptr);
                block = layer.opens ? std::move(normalized) : Normalized();
            } else {
                std::vector<float> scale(gamma.size()), shift(scale.size());
                check(find_scale(features.stored, batch(layer).data(), layer.channels, layer.doubled, gamma.data(),
                                 beta.data(), known, scale.data(), shift.data()));
                features = convolve(layers[n + 1], features.stored, reading(layer), scale.data(), shift.data());
            }
        }
        Block<float> planes = failure ? Block<float>() : take<float>(images * photos.height * photos.width * FEW);
        if (!failure) to_paintings(pixels, images, photos.height, photos.width, planes);
        return planes;
    }

private:
    const Layer* layers;
    const int64_t count, images;
    const float* styles;
    double* const held;
    const double pace;
    int64_t style_size = 0, used = 0;

    void check(int unknown) {
        if (unknown) failure = UNKNOWN_CHANNELS;
    }

    template <typename T>
    Block<T> take(int64_t size) {
        Block<T> found(size);
        if (!found) failure = NO_MEMORY;
        return found;
    }

    // The next so many numbers of each image's style.
    std::vector<float> style(int64_t channels) {
        std::vector<float> found;
        for (int64_t image = 0; image < images; ++image) {
            const float* own = styles + image * style_size + used;
            found.insert(found.end(), own, own + channels);
        }
        used += channels;
        return found;
    }

    std::vector<int64_t> written(const Layer& layer) const {
        const int64_t row = layer.columns * layer.written;
        return {images, layer.rows, layer.columns, layer.rows * row, row, layer.written};
    }

    std::vector<int64_t> batch(const Layer& layer) const {
        const std::vector<int64_t> own = written(layer);
        return {images, layer.height, layer.width, own[3], own[4], 0, 0};
    }

    std::vector<int64_t> reading(const Layer& layer) const {
        const std::vector<int64_t> own = written(layer);
        const int64_t* padding = layer.padding;
        return {images, layer.height, layer.width, own[3], own[4], layer.channels, layer.doubled, 0, 0,
                padding[0], padding[1], padding[2], padding[3], layer.replicate};
    }

    Convolved made(const Layer& layer) {
        const int64_t size = images * layer.rows * layer.columns * layer.written;
        Convolved found;
        if (layer.by == NARROWER) found.exact = take<float>(size);
        else found.stored = take<Stored>(size);
        if (layer.measured && moves()) found.moments = take<double>(2 * images * layer.channels);
        return found;
    }

    // Whether what is painted by depends on the pictures' own statistics.
    bool moves() const { return !held || pace > 0; }

    // What a layer is normalized by, means and then variances, or null for its own, which are not measured yet.
    const double* moments(const Layer& layer, Convolved& features) {
        if (!held) return features.moments;
        double* own = held + used;
        if (!moves()) return own;
        if (!features.moments) measure(layer, features);
        for (int64_t c = 0; c < 2 * layer.channels && !failure; ++c) own[c] += pace * (features.moments[c] - own[c]);
        return own;
    }

    void measure(const Layer& layer, Convolved& features) {
        features.moments = take<double>(2 * layer.channels);
        if (failure) return;
        double* to = features.moments;
        const std::vector<int64_t> own = batch(layer);
        check(layer.by == NARROWER ? measure_float32(features.exact, own.data(), layer.channels, layer.doubled, to)
                                   : measure_stored(features.stored, own.data(), layer.channels, layer.doubled, to));
    }

    // What the first layer makes of photos.
    Convolved enter(const Photos& photos, const int64_t* border, float less) {
        const int64_t height = border[2] + photos.height + border[3], width = border[0] + photos.width + border[1];
        const Layer& layer = layers[0];
        const Block<float> pixels = take<float>(images * height * width * FEW);
        Convolved found = made(layer);
        if (failure) return found;
        const auto enters = [&](auto as_pixels, const auto* data) {
            as_pixels(data, images, photos.height, photos.width, border, less, pixels);
        };
        if (photos.of_bytes) enters(bytes_as_pixels, static_cast<const uint8_t*>(photos.data));
        else enters(as_pixels, static_cast<const float*>(photos.data));
        const std::vector<int64_t> from{images, height, width, height * width * FEW, width * FEW, FEW};
        const float* weights = at<float>(layer.weights);
        const std::vector<int64_t> to = written(layer);
#if HAS_UNITS
        if (layer.by == MATRICES)
            convolve_picture_in_matrices(pixels, from.data(), 1, weights, layer.size, layer.stride, found.stored, to.data(),
                                         found.moments, layer.height, layer.width, layer.doubled);
        else
#endif
        if (layer.by == WIDER)
            convolve_wider(pixels, from.data(), 1, weights, layer.pieces, found.stored, to.data());
        else
            convolve_direct(pixels, from.data(), weights, layer.size, found.stored, to.data());
        return found;
    }

    Convolved convolve(const Layer& layer, const Stored* from, const std::vector<int64_t>& layout, const float* scale,
                      const float* shift) {
        Convolved found = made(layer);
        if (failure) return found;
        const std::vector<int64_t> to = written(layer);
        if (layer.by == NARROWER)
            check(convolve_narrower(from, layout.data(), scale, shift, at<float>(layer.weights), layer.pieces,
                                    found.exact, to.data()));
#if HAS_UNITS
        else if (layer.by == MATRICES)
            convolve_in_matrices(from, layout.data(), scale, shift, at<void>(layer.weights), layer.size, layer.stride,
                                 found.stored, to.data(), found.moments, layer.height, layer.width, layer.doubled);
#endif
        else
            check(convolve_winograd(from, layout.data(), scale, shift, at<void>(layer.weights), at<float>(layer.scales),
                                    layer.size, layer.stride, found.stored, to.data(), found.moments, layer.height,
                                    layer.width, layer.doubled));
        return found;
    }

    // block: with which a residual block began, from within its padding of a pixel.
    Normalized normalize(const Layer& layer, const Convolved& features, const double* known,
                         const std::vector<float>& gamma, const std::vector<float>& beta, const Normalized& block) {
        const int64_t* padding = layer.padding;
        Normalized found{{}, images, padding[2] + layer.height + padding[3], padding[0] + layer.width + padding[1],
                         layer.channels};
        found.values = take<Stored>(images * found.height * found.row());
        if (failure) return found;
        const Stored* residual = layer.adds ? block.values + block.row() + block.channels : nullptr;
        const std::vector<int64_t> own = batch(layer);
        const std::vector<int64_t> others{images, layer.height, layer.width, block.height * block.row(), block.row(), 0, 0};
        check(normalize_stored(features.stored, own.data(), layer.channels, layer.doubled, gamma.data(), beta.data(), 1,
                               nullptr, known, residual, layer.adds ? others.data() : own.data(),
                               found.values, true, padding, layer.replicate));
        return found;
    }

    // What the last normalization leaves, as pixels.
    Block<float> leave(const Layer& layer, const Convolved& features, const double* known,
                       const std::vector<float>& gamma, const std::vector<float>& beta) {
        Block<float> out = take<float>(images * layer.height * layer.width * layer.channels);
        if (failure) return out;
        const auto normalized = [&](auto normalize, const auto* data) {
            const std::vector<int64_t> own = batch(layer);
            check(normalize(data, own.data(), layer.channels, layer.doubled, gamma.data(), beta.data(), 1, nullptr,
                            known, nullptr, own.data(), out, false, layer.padding, false));
        };
        if (layer.by == NARROWER) normalized(normalize_float32, static_cast<const float*>(features.exact));
        else normalized(normalize_stored_exact, static_cast<const Stored*>(features.stored));
        return out;
    }
};

}  // namespace

// Paintings (images, FEW, height, width) from 0 to 1, to be freed by the caller; or null, and why.
// photos: see Photos. border: how far the first layer reads beyond them, left, right, above and below; less: what is taken
// from them. styles: of each image, gamma and beta of every layer. held: of one image, means and variances of every layer to
// normalize by, in the same order, once they have moved towards its own, by a share of `pace`; or null.
extern "C" float* paint(const void* photos, bool of_bytes, int64_t images, int64_t height, int64_t width,
                        const int64_t* border, float less, const Layer* layers, int64_t count, const float* styles,
                        double* held, double pace, int* failure) {
    Pass pass(layers, count, images, styles, held, pace);
    Block<float> painted = pass.paint({photos, of_bytes, images, height, width}, border, less);
    *failure = pass.failure;
    return pass.failure ? nullptr : painted.release();
}

extern "C" void release(float* paintings) { std::free(paintings); }
