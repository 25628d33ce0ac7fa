// Pictures as planes, (number, height, width): in another size and added up, which is what is computed from one level of
// strokes to the next; and as the first convolution reads a photo, which inside the network is pixels. Memory is what it
// costs, so what is enlarged is added to others as it is written. From bytes, and to them, too.

#include "vectors.h"

namespace {

// A row of another width. Few places make one of it: vectors as long as the machine has them would be empty for the most
// part.
template <typename Part>
INLINE void resample_row(const float* row, const int32_t* firsts, const float* weights, int64_t count, int64_t columns,
                         float* out) {
    constexpr int64_t together = sizeof(Part) / sizeof(float);
    for (int64_t column = 0; column < columns; ++column, weights += count) {
        const float* from = row + firsts[column];
        Part parts{};
        int64_t tap = 0;
        for (; tap + together <= count; tap += together) parts += read<Part>(from + tap) * read<Part>(weights + tap);
        float sum = added_up(parts);
        for (; tap < count; ++tap) sum += from[tap] * weights[tap];
        out[column] = sum;
    }
}

// From 0 to 1, or as it is.
struct Bounds {
    const float least, most;

    explicit Bounds(bool bounded)
        : least(bounded ? 0 : -std::numeric_limits<float>::infinity()), most(bounded ? 1 : -least) {}

    INLINE Vector operator()(const Vector& values) const {
        const Vector above = greater(values, Vector{} + least);
        return above < most ? above : Vector{} + most;
    }
};

INLINE float value(uint8_t byte) { return byte / 255.0f; }

// Halfway it is the even one, as PyTorch rounds; of what is no number it is 0.
INLINE uint8_t byte(float value) {
    constexpr float SHIFT = 3 << 22;  // whose last bit is a one
    const float scaled = value * 255, above = scaled > 0 ? scaled : 0, shifted = (above < 255 ? above : 255) + SHIFT;
    int32_t bits;
    std::memcpy(&bits, &shifted, sizeof bits);
    return uint8_t(bits);
}

// Images as pixels in `out`, with their padding. line: of an image and a row, what has the value at a column of a channel.
template <typename Line>
INLINE void pad(int64_t images, int64_t height, int64_t width, const int64_t* padding, float* out, Line line) {
    const int64_t rows = padding[2] + height + padding[3], columns = padding[0] + width + padding[1];
#pragma omp parallel for schedule(static)
    for (int64_t at = 0; at < images * rows; ++at) {
        const auto values = line(at / rows, inside(at % rows - padding[2], height, false));
        float *to = out + at * columns * FEW, *inner = to + padding[0] * FEW;
        const auto put = [&](int64_t begin, int64_t end) {
            for (int64_t column = begin; column < end; ++column)
                for (int c = 0; c < FEW; ++c) to[column * FEW + c] = values(inside(column - padding[0], width, false), c);
        };
        put(0, padding[0]);
#pragma omp simd
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < FEW; ++c) inner[x * FEW + c] = values(x, c);
        put(padding[0] + width, columns);
    }
}

}  // namespace

// Planes of another width: each place is a weighted sum of `count` places of its row, from firsts[column] on.
extern "C" void resample_rows(const float* planes, int64_t rows, int64_t width, const int32_t* firsts, const float* weights,
                              int64_t count, int64_t columns, float* out) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const auto resample = count % 8 ? resample_row<Four> : resample_row<Eight>;
        resample(planes + row * width, firsts, weights, count, columns, out + row * columns);
    }
}

// Planes of another height, likewise, of_these times; and others of that size, or null, so many times. Bounded: within 0
// and 1. A row has a vector at least.
extern "C" void resample_columns(const float* planes, int64_t number, int64_t height, int64_t width, const int32_t* firsts,
                                 const float* weights, int64_t count, int64_t rows, float of_these, const float* one,
                                 float of_one, const float* two, float of_two, bool bounded, float* out) {
    const Bounds bounds(bounded);
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < number * rows; ++line) {
        const int64_t row = line % rows, first = line * width;
        const float *from = planes + (line / rows * height + firsts[row]) * width, *weight = weights + row * count;
        for (int64_t at = 0; at < width; at += LANES) {
            const int64_t x = place(at, width);
            Vector sum{};
            for (int64_t tap = 0; tap < count; ++tap) sum += read(from + tap * width + x) * weight[tap];
            sum *= of_these;
            if (one) sum += read(one + first + x) * of_one;
            if (two) sum += read(two + first + x) * of_two;
            write(bounds(sum), out + first + x);
        }
    }
}

// So many values of three, or of one or two and null, each so many times. There is a vector of them at least.
extern "C" void add(int64_t count, const float* one, float of_one, const float* two, float of_two, const float* three,
                    float of_three, bool bounded, float* out) {
    constexpr int64_t PART = 1 << 14;
    const Bounds bounds(bounded);
#pragma omp parallel for schedule(static)
    for (int64_t part = 0; part < (count + PART - 1) / PART; ++part)
        for (int64_t at = part * PART; at < std::min((part + 1) * PART, count); at += LANES) {
            const int64_t x = place(at, count);
            Vector sum = read(one + x) * of_one;
            if (two) sum += read(two + x) * of_two;
            if (three) sum += read(three + x) * of_three;
            write(bounds(sum), out + x);
        }
}

// Images less a constant, as pixels. padding: left, right, above and below, where they are mirrored. out: with its padding.
extern "C" void as_pixels(const float* planes, int64_t images, int64_t height, int64_t width, const int64_t* padding,
                          float less, float* out) {
    const int64_t plane = height * width;
    pad(images, height, width, padding, out, [=](int64_t image, int64_t row) {
        const float* from = planes + image * FEW * plane + row * width;
        return [=](int64_t x, int c) __attribute__((always_inline)) { return from[c * plane + x] - less; };
    });
}

// The same of images that are pixels of bytes, of which 255 is 1.
extern "C" void bytes_as_pixels(const uint8_t* pixels, int64_t images, int64_t height, int64_t width, const int64_t* padding,
                                float less, float* out) {
    pad(images, height, width, padding, out, [=](int64_t image, int64_t row) {
        const uint8_t* from = pixels + (image * height + row) * width * FEW;
        return [=](int64_t x, int c) __attribute__((always_inline)) { return value(from[x * FEW + c]) - less; };
    });
}

// Pixels of bytes, of which 255 is 1, as planes.
extern "C" void to_planes(const uint8_t* pixels, int64_t height, int64_t width, float* planes) {
    const int64_t plane = height * width;
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < height; ++row) {
        const uint8_t* from = pixels + row * width * FEW;
        float* to = planes + row * width;
#pragma omp simd
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < FEW; ++c) to[c * plane + x] = value(from[x * FEW + c]);
    }
}

// The nearest bytes of planes, or of pixels. channel, row: how many values one of them lies behind the one before.
extern "C" void to_pixels(const float* values, int64_t channel, int64_t row, int64_t height, int64_t width, uint8_t* pixels) {
#pragma omp parallel for schedule(static)
    for (int64_t y = 0; y < height; ++y) {
        const float* from = values + y * row;
        uint8_t* to = pixels + y * width * FEW;
        if (channel == 1) {
#pragma omp simd
            for (int64_t at = 0; at < width * FEW; ++at) to[at] = byte(from[at]);
        } else {
#pragma omp simd
            for (int64_t x = 0; x < width; ++x)
                for (int c = 0; c < FEW; ++c) to[x * FEW + c] = byte(from[c * channel + x]);
        }
    }
}
