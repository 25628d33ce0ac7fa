// A frame as an affine map places it, by Lanczos' kernel of eight pixels, in two passes: along the rows, then along the
// columns of what comes out (E. Catmull, A. R. Smith, "3-D Transformations of Images in Scanline Order", 1980). A map that
// turns little, as a camera does between the frames of a scene, loses nothing by that.

#include <cmath>
#include <memory>

#include "vectors.h"

namespace {

constexpr int REACH = 4, TAPS = 2 * REACH, PHASES = 256;

double lanczos(double distance) {
    const double x = M_PI * distance;
    if (distance >= REACH) return 0;
    return x == 0 ? 1 : REACH * std::sin(x) * std::sin(x / REACH) / (x * x);
}

// For every place between two pixels what those around it weigh, of sum 1; and the kernel itself, by distance.
struct Weights {
    float around[PHASES + 1][TAPS], at[REACH * PHASES + 1];

    Weights() {
        for (int phase = 0; phase <= PHASES; ++phase) {
            double sum = 0;
            for (int tap = 0; tap < TAPS; ++tap) sum += lanczos(std::abs(double(phase) / PHASES + REACH - 1 - tap));
            for (int tap = 0; tap < TAPS; ++tap)
                around[phase][tap] = float(lanczos(std::abs(double(phase) / PHASES + REACH - 1 - tap)) / sum);
        }
        for (int n = 0; n <= REACH * PHASES; ++n) at[n] = float(lanczos(double(n) / PHASES));
    }
};

// Mirrored as often as it takes.
INLINE int64_t mirrored(int64_t at, int64_t size) {
    if (at >= 0 && at < size) return at;
    const int64_t round = std::max(int64_t(1), 2 * (size - 1)), within = (at % round + round) % round;
    return std::min(within, round - within);
}

// A row of planes, of which a pixel is read at `begin` and the next ones so much further.
INLINE void read_row(const float* row, int64_t width, double begin, double step, const Weights& weights, int64_t columns,
                     float* out, int64_t plane) {
    for (int64_t column = 0; column < columns; ++column) {
        const double at = begin + step * column, whole = std::floor(at);
        const int64_t first = int64_t(whole) - REACH + 1;
        const Eight around = read<Eight>(weights.around[int((at - whole) * PHASES + 0.5)]);
        const float* from = row + first;
        float mirror[FEW * TAPS];
        int64_t apart = width;
        if (first < 0 || first + TAPS > width) {
            for (int c = 0; c < FEW; ++c)
                for (int tap = 0; tap < TAPS; ++tap) mirror[c * TAPS + tap] = row[c * width + mirrored(first + tap, width)];
            from = mirror, apart = TAPS;
        }
#pragma GCC unroll 3
        for (int c = 0; c < FEW; ++c) out[c * plane + column] = added_up(read<Eight>(from + c * apart) * around);
    }
}

}  // namespace

// image: (height, width, 3). map: from pixels that are read to those of the image, two rows of three numbers, of which the
// fifth is not near 0. out: (rows, columns, 3), from 0 to 1; there is a vector of columns at least.
extern "C" void read_affine(const float* image, int64_t height, int64_t width, const double* map, int64_t rows,
                            int64_t columns, float* out) {
    static const Weights weights;
    const double of_row = map[1] / map[4];  // which row of the image is read says which row it is read for
    const int64_t plane = height * columns;
    const std::unique_ptr<float[]> lines(new float[FEW * plane]);
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < height; ++row) {
        std::vector<float> channels(FEW * width);
        const float* from = image + row * width * FEW;
        float* to = channels.data();
#pragma omp simd
        for (int64_t x = 0; x < width; ++x)
            for (int c = 0; c < FEW; ++c) to[c * width + x] = from[x * FEW + c];
        read_row(to, width, map[2] + of_row * (row - map[5]), map[0] - of_row * map[3], weights, columns,
                 lines.get() + row * columns, plane);
    }
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t next = 0; next < columns; next += LANES) {
            const int64_t x = place(next, columns);
            const double begin = map[3] * x + map[4] * row + map[5], end = begin + map[3] * (LANES - 1);
            const int64_t first = int64_t(std::floor(std::min(begin, end))) - REACH + 1;
            const int64_t last = int64_t(std::floor(std::max(begin, end))) + REACH;
            Vector at;
            for (int lane = 0; lane < LANES; ++lane) at[lane] = float(begin - first + map[3] * lane);
            Vector sums[FEW]{}, total{};
            for (int64_t line = first; line <= last; ++line) {
                const Vector apart = at - float(line - first), distance = greater(apart, -apart) * float(PHASES) + 0.5f;
                const Integers far = __builtin_convertvector(distance, Integers), most = Integers{} + REACH * PHASES;
                const Vector times = gathered(weights.at, far < most ? far : most);
                const float* from = lines.get() + mirrored(line, height) * columns + x;
                total += times;
                for (int c = 0; c < FEW; ++c) sums[c] += read(from + c * plane) * times;
            }
            float found[FEW][LANES];
            for (int c = 0; c < FEW; ++c) write(sums[c] / total, static_cast<float*>(found[c]));
            float* to = out + (row * columns + x) * FEW;
            for (int lane = 0; lane < LANES; ++lane)
                for (int c = 0; c < FEW; ++c) to[lane * FEW + c] = std::min(std::max(found[c][lane], 0.0f), 1.0f);
        }
}
