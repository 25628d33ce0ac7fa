// A processor's units for matrices (AMX): eight registers of 16 rows of 64 bytes. One instruction adds the products of two of
// them, of bfloat16, to a third, of floats, in the time in which vectors multiply a sixteenth of that.

#pragma once

#include <cstdint>

#include "vectors.h"

#if defined(__AMX_BF16__)
#define HAS_UNITS 1
#else
#define HAS_UNITS 0
#endif

#if HAS_UNITS
namespace {

constexpr int ROWS = 16, COLUMNS = 16;  // of sums
constexpr int DEPTH = 32;               // products that are added up at once, a row of bfloat16
constexpr int ROW = 64;                 // bytes of a row, of whatever

// Sets a thread's units up as long as it lives, all registers whole. By convention 0 to 3 are sums, 4 and 5 what is multiplied, and
// 6 what by: (DEPTH / 2, COLUMNS, 2) values.
class Units {
public:
    Units() {
        struct alignas(ROW) {
            uint8_t palette = 1, start = 0, unused[14] = {};
            uint16_t row[16] = {};  // bytes
            uint8_t rows[16] = {};
        } shapes;
        for (int n = 0; n < 8; ++n) shapes.row[n] = ROW, shapes.rows[n] = ROWS;
        asm volatile("" ::"r"(&shapes) : "memory");  // a compiler thinks that no more than its first bytes are read
        _tile_loadconfig(&shapes);
    }
    ~Units() { _tile_release(); }
    Units(const Units&) = delete;
    Units& operator=(const Units&) = delete;
};

// What was written before is in memory: a compiler does not know what the units read.
INLINE void written_for_units() { asm volatile("" ::: "memory"); }

}  // namespace
#endif
