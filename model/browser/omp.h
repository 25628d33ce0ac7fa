// What the kernels ask of OpenMP itself, see threads.cpp.

#pragma once

extern "C" int omp_get_max_threads();
