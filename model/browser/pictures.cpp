// What stands around the network: a photo as its first convolution reads it, a painting of what its last normalization
// leaves, and what is made of both from one level of strokes to the next. There they are planes, (3, height, width), with
// room for a vector behind the last of them, and inside the network pixels.

#include <cmath>

#include "vectors.h"

constexpr float GREY = 0.5f;  // fast_network.py says why

// padding: left, right, above and below, where the picture is mirrored. out: with its padding.
extern "C" void enter(const float* planes, int64_t height, int64_t width, const int64_t* padding, float* out) {
    const int64_t rows = padding[2] + height + padding[3], columns = padding[0] + width + padding[1];
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row) {
        const float* from = planes + inside(row - padding[2], height, false) * width;
        float* to = out + row * columns * FEW;
        for (int64_t column = 0; column < columns; ++column) {
            const int64_t x = inside(column - padding[0], width, false);
            for (int c = 0; c < FEW; ++c) *to++ = from[c * height * width + x] - GREY;
        }
    }
}

extern "C" void leave(const float* pixels, int64_t height, int64_t width, float* planes) {
    const int64_t count = height * width;
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < height; ++row)
        for (int64_t at = row * width; at < (row + 1) * width; ++at)
            for (int c = 0; c < FEW; ++c) planes[c * count + at] = 1 / (1 + std::exp(-pixels[at * FEW + c]));
}

// Planes of another width: each place is a weighted sum of `count` places of its row, from firsts[column] on.
extern "C" void resample_rows(const float* planes, int64_t rows, int64_t width, const int32_t* firsts, const float* weights,
                              int64_t count, int64_t columns, float* out) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column) {
            const float *from = planes + row * width + firsts[column], *weight = weights + column * count;
            Vector parts{};
            int64_t tap = 0;
            for (; tap + LANES <= count; tap += LANES) parts += read(from + tap) * read(weight + tap);
            float sum = 0;
            for (int lane = 0; lane < LANES; ++lane) sum += parts[lane];
            for (; tap < count; ++tap) sum += from[tap] * weight[tap];
            out[row * columns + column] = sum;
        }
}

// Planes of another height, likewise.
extern "C" void resample_columns(const float* planes, int64_t number, int64_t height, int64_t width,
                                 const int32_t* firsts, const float* weights, int64_t count, int64_t rows, float* out) {
#pragma omp parallel for schedule(static)
    for (int64_t line = 0; line < number * rows; ++line) {
        const int64_t row = line % rows;
        const float *from = planes + (line / rows * height + firsts[row]) * width, *weight = weights + row * count;
        for (int64_t x = 0; x < width; x += LANES) {
            Vector sum{};
            for (int64_t tap = 0; tap < count; ++tap) sum += read(from + tap * width + x) * weight[tap];
            write(sum, out + line * width + x, width - x);
        }
    }
}

// A weighted sum of three; bounded: within 0 and 1.
extern "C" void add(int64_t count, const float* one, float of_one, const float* two, float of_two, const float* three,
                    float of_three, bool bounded, float* out) {
    constexpr int64_t PART = 1 << 14;
    const float most = bounded ? 1 : std::numeric_limits<float>::infinity(), least = bounded ? 0 : -most;
#pragma omp parallel for schedule(static)
    for (int64_t part = 0; part < (count + PART - 1) / PART; ++part)
        for (int64_t at = part * PART; at < std::min((part + 1) * PART, count); at += LANES) {
            const Vector sum = read(one + at) * of_one + read(two + at) * of_two + read(three + at) * of_three;
            const Vector above = greater(sum, Vector{} + least);
            write(above < most ? above : Vector{} + most, out + at);
        }
}
