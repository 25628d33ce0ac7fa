// What a normalization needs to know of features, found as a convolution writes them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

// Places of features that are measured, those from `top` and `left` on to before `bottom` and `right`: others around
// corners lie beyond the border.
struct Inside {
    int64_t top, bottom, left, right;
};

// What is found of features as they are written: means, then variances, of the channels of each image; null if nothing is.
// height, width: of the features, which are twice as large as what is written where that is pixels around corners.
struct Moments {
    double* found;
    int64_t height, width;
    bool doubled;

    // Where the BLOCK channels from `first` of `all` on, which are of one pixel, are measured.
    Inside inside(int64_t first, int64_t all) const {
        if (!doubled) return {0, height, 0, width};
        const int64_t pixel = first / (all / 4), down = pixel / 2, right = pixel % 2;
        return {1 - down, (height - down) / 2 + 1, 1 - right, (width - right) / 2 + 1};
    }

    // From sums and sums of squares, (groups, 2, channels), of each image `groups`.
    void find(const std::vector<double>& sums, int64_t images, int64_t groups, int64_t channels) const {
        const int64_t own = doubled ? channels / 4 : channels;
        const double count = double(height) * double(width);
        for (int64_t image = 0; image < images; ++image) {
            std::vector<double> total(2 * own);
            for (int64_t group = image * groups; group < (image + 1) * groups; ++group)
                for (int64_t power = 0; power < 2; ++power)
                    for (int64_t first = 0; first < channels; first += own)
                        for (int64_t c = 0; c < own; ++c)
                            total[power * own + c] += sums[(group * 2 + power) * channels + first + c];
            for (int64_t c = 0; c < own; ++c) {
                const double mean = total[c] / count;
                found[image * own + c] = mean;
                found[(images + image) * own + c] = std::max(total[own + c] / count - mean * mean, 0.0);
            }
        }
    }
};

}  // namespace
