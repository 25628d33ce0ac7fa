// As much of OpenMP as the kernels ask for, on a browser's workers, which share one memory: what a compiler calls where a
// pragma stands (LLVM's runtime has these functions too, and says what they take). A region has one loop at the most,
// which begins at 0, and nothing comes after it: so no thread waits for another but at the region's end.
//
// Workers wait in `work` from the beginning on. Each has a stack of its own, which the page gives it.

#include "omp.h"

#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace {

constexpr int MOST_ARGUMENTS = 16, MOST_THREADS = 16;
constexpr int64_t FOR_EVER = -1;  // nanoseconds, as memory.atomic.wait takes them
constexpr int SPINS = 4000;       // some microseconds, which is what most regions are apart

struct Region {
    void* task;
    int count;
    void* arguments[MOST_ARGUMENTS];
} region;

int threads = 1;
std::atomic<int32_t> regions, busy;  // how many there have been, and who has not ended this one
std::atomic<int64_t> next;           // of a loop's turns, that nobody has taken
int64_t last[MOST_THREADS];          // of a loop's turns, as each thread was told

void wait_while(std::atomic<int32_t>& number, int32_t value) {
    for (int spin = 0; spin < SPINS; ++spin)
        if (number != value) return;
    while (number == value)
        __builtin_wasm_memory_atomic_wait32(reinterpret_cast<int32_t*>(&number), value, FOR_EVER);
}

void change(std::atomic<int32_t>& number, int32_t by) {
    number += by;
    __builtin_wasm_memory_atomic_notify(reinterpret_cast<int32_t*>(&number), MOST_THREADS);
}

template <typename... Pointers>
void call(int32_t thread, Pointers... pointers) {
    if constexpr (sizeof...(Pointers) < MOST_ARGUMENTS)
        if (int(sizeof...(Pointers)) < region.count)
            return call(thread, pointers..., region.arguments[sizeof...(Pointers)]);
    reinterpret_cast<void (*)(int32_t*, int32_t*, Pointers...)>(region.task)(&thread, &thread, pointers...);
}

}  // namespace

extern "C" {

// Of all that are to work, the caller's among them. The others are to be in `work` soon.
void set_threads(int count) { threads = count; }

[[noreturn]] void work(int32_t thread) {
    for (int32_t seen = 0;; ++seen) {
        wait_while(regions, seen);
        call(thread);
        change(busy, -1);
    }
}

int omp_get_max_threads() { return threads; }

void __kmpc_fork_call(void*, int32_t count, void* task, ...) {
    region = {task, count, {}};
    va_list arguments;
    va_start(arguments, task);
    for (int n = 0; n < count; ++n) region.arguments[n] = va_arg(arguments, void*);
    va_end(arguments);
    next = 0;
    busy = threads - 1;
    if (threads > 1) change(regions, 1);
    call(0);
    for (int32_t others; (others = busy);) wait_while(busy, others);
}

void __kmpc_for_static_init_8(void*, int32_t thread, int32_t, int32_t*, int64_t* first, int64_t* end, int64_t*, int64_t,
                              int64_t) {
    const int64_t count = *end + 1;
    *end = count * (thread + 1) / threads - 1;
    *first = count * thread / threads;
}

void __kmpc_for_static_fini(void*, int32_t) {}

void __kmpc_dispatch_init_8(void*, int32_t thread, int32_t, int64_t, int64_t end, int64_t, int64_t) { last[thread] = end; }

int32_t __kmpc_dispatch_next_8(void*, int32_t thread, int32_t*, int64_t* first, int64_t* end, int64_t*) {
    *first = *end = next++;
    return *first <= last[thread];
}

void __kmpc_dispatch_deinit(void*, int32_t) {}

void __kmpc_barrier(void*, int32_t) {}

}  // extern "C"

// The library's own is for one thread.
namespace {

std::atomic_flag taken;

struct Alone {
    Alone() { while (taken.test_and_set()) {} }
    ~Alone() { taken.clear(); }
};

}  // namespace

void* operator new(std::size_t size) {
    const Alone alone;
    void* found = std::malloc(size);
    return found ? found : (__builtin_trap(), nullptr);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    const Alone alone;
    void* found = std::aligned_alloc(std::size_t(alignment), (size + std::size_t(alignment) - 1) & -std::size_t(alignment));
    return found ? found : (__builtin_trap(), nullptr);
}

void operator delete(void* memory) noexcept {
    const Alone alone;
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { operator delete(memory); }

// Else the library would say why it ends, and there is nobody to read it.
void std::__libcpp_verbose_abort(const char*, ...) noexcept { __builtin_trap(); }
