/* Sigmoid and tanh of one number, written so that compilers make vectors of them: for all C code of
 * this package. */
#include <stdint.h>

/* 1 / (1 + exp(-x)), to 1.2e-7. exp(-x) = 2^n 2^f with |f| <= 1/2 and the Taylor series of 2^f,
 * whose remainder is 5e-9. NaN stays NaN. */
static inline float sigmoid(float x) {
    float power = x * -1.44269504f; /* log2(e) */
    power = power > 126.0f ? 126.0f : power;
    power = power < -126.0f ? -126.0f : power;
    float whole = __builtin_rintf(power);
    float part = power - whole;
    float series = 1.52527338e-5f; /* ln(2)^k / k!, from k = 7 down */
    series = series * part + 1.54035304e-4f;
    series = series * part + 1.33335581e-3f;
    series = series * part + 9.61812911e-3f;
    series = series * part + 5.55041087e-2f;
    series = series * part + 2.40226507e-1f;
    series = series * part + 6.93147181e-1f;
    series = series * part + 1.0f;
    union { int32_t bits; float number; } scale;
    scale.bits = ((int32_t)whole + 127) << 23;
    return 1.0f / (1.0f + series * scale.number);
}

static inline float tanh_of(float x) { return 2.0f * sigmoid(2.0f * x) - 1.0f; }
