/* Many steps of an LSTM decoder in one call, sampling included, for a few rows at once.
 *
 * The same arithmetic as `decoder.onnx`, which says what is right; lstm_steps.py tells what each
 * array holds. One drawing alone is drawn as fast as its weights can be read, so these stay the
 * 16-bit floats that the bundle stores. Each sum is begun with its bias and goes through the
 * inputs in their order, one fused multiplication and addition after another, however many rows
 * there are: a drawing does not depend on those beside it.
 */
#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "for processors with AVX2, FMA and F16C"
#endif

#define PANEL 64 /* columns of a layer that lie together */
#define SLICE 16 /* of them, as many as six rows' sums fit into registers */
#define MOST_ROWS 6
#define FEW_ROWS 8 /* for so few it does not pay to widen the weights first */
#define PAIR 2
#define PARTS 4    /* of eight columns in half a panel */
#define AHEAD 32   /* rows of weights that are fetched before they are needed */
#define STEP 5 /* numbers of a stroke-5 row */
#define PEN_STATES 3

static const float MIN_LOG_STD = -7.0f, MAX_CORRELATION = 1.0f - 1e-4f; /* as in mixture.py */

typedef struct {
    int64_t depth, num_panels;
    const uint16_t *weights; /* [panel][depth][PANEL], 16-bit floats */
    const float *bias;       /* [panel][PANEL] */
} layer;

typedef struct {
    layer start, context, gates, output; /* the bias of `gates` is the context of each row */
    int64_t size, num_components;        /* size: hidden units, a multiple of 16 */
} decoder;

typedef struct {
    float *seen;    /* (rows, STEP + size): the step before, the hidden state */
    float *cell;    /* (rows, size) */
    float *context; /* (rows, 4 size), in the order of the panels */
    float *hidden;  /* (rows, size), scratch: the hidden state to be */
    float *output;  /* (rows, columns of the output layer), scratch */
    float *slice;   /* (deepest layer, SLICE), scratch */
    float *sums;    /* (rows, PANEL), scratch */
} rows_state;

/* 1 / (1 + exp(-x)), to 1.2e-7, of eight numbers. exp(-x) = 2^n 2^f with |f| <= 1/2 and the Taylor
 * series of 2^f, whose remainder is 5e-9. */
static inline __m256 sigmoid(__m256 x) {
    const float series[] = {1.54035304e-4f, 1.33335581e-3f, 9.61812911e-3f, 5.55041087e-2f,
                            2.40226507e-1f, 6.93147181e-1f, 1.0f}; /* ln(2)^k / k!, k = 6 to 0 */
    __m256 power = _mm256_mul_ps(x, _mm256_set1_ps(-1.44269504f)); /* log2(e) */
    power = _mm256_min_ps(_mm256_set1_ps(126.0f), power); /* this order lets NaN through */
    power = _mm256_max_ps(_mm256_set1_ps(-126.0f), power);
    __m256 whole = _mm256_round_ps(power, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m256 part = _mm256_sub_ps(power, whole), sum = _mm256_set1_ps(1.52527338e-5f);
    for (int term = 0; term < 7; term++)
        sum = _mm256_fmadd_ps(sum, part, _mm256_set1_ps(series[term]));
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(whole), _mm256_set1_epi32(127));
    __m256 scale = _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
    __m256 one = _mm256_set1_ps(1.0f);
    return _mm256_div_ps(one, _mm256_fmadd_ps(sum, scale, one));
}

static inline __m256 tanh_of(__m256 x) {
    __m256 two = _mm256_set1_ps(2.0f);
    return _mm256_fmsub_ps(two, sigmoid(_mm256_mul_ps(two, x)), _mm256_set1_ps(1.0f));
}

static inline __m256 widened(const uint16_t *halves) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)halves));
}

/* Half a panel's sums for one row or two, straight from the stored weights; `rows` is a constant
 * wherever this is written out. */
static inline __attribute__((always_inline)) void half_of_rows(
    const int rows, int64_t depth, const float *inputs, int64_t stride, const uint16_t *weights,
    const float *bias, int64_t bias_stride, float *sums) {
    __m256 sum[PAIR][PARTS];
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            sum[row][part] = _mm256_loadu_ps(bias + row * bias_stride + 8 * part);
    for (int64_t k = 0; k < depth; k++, weights += PANEL) {
        __m256 wide[PARTS];
        _mm_prefetch((const char *)(weights + AHEAD * PANEL), _MM_HINT_T0);
        for (int part = 0; part < PARTS; part++) wide[part] = widened(weights + 8 * part);
        for (int row = 0; row < rows; row++) {
            __m256 input = _mm256_broadcast_ss(inputs + row * stride + k);
            for (int part = 0; part < PARTS; part++)
                sum[row][part] = _mm256_fmadd_ps(input, wide[part], sum[row][part]);
        }
    }
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            _mm256_storeu_ps(sums + row * PANEL + 8 * part, sum[row][part]);
}

/* A slice's sums for up to MOST_ROWS rows; `rows` is a constant wherever this is written out. */
static inline __attribute__((always_inline)) void slice_of_rows(
    const int rows, int64_t depth, const float *inputs, int64_t stride, const float *weights,
    const float *bias, int64_t bias_stride, float *sums) {
    __m256 left[MOST_ROWS], right[MOST_ROWS];
    for (int row = 0; row < rows; row++) {
        left[row] = _mm256_loadu_ps(bias + row * bias_stride);
        right[row] = _mm256_loadu_ps(bias + row * bias_stride + 8);
    }
    for (int64_t k = 0; k < depth; k++) {
        __m256 ours = _mm256_loadu_ps(weights + SLICE * k);
        __m256 theirs = _mm256_loadu_ps(weights + SLICE * k + 8);
        for (int row = 0; row < rows; row++) {
            __m256 input = _mm256_broadcast_ss(inputs + row * stride + k);
            left[row] = _mm256_fmadd_ps(input, ours, left[row]);
            right[row] = _mm256_fmadd_ps(input, theirs, right[row]);
        }
    }
    for (int row = 0; row < rows; row++) {
        _mm256_storeu_ps(sums + row * PANEL, left[row]);
        _mm256_storeu_ps(sums + row * PANEL + 8, right[row]);
    }
}

/* One panel of a layer for all rows: `sums` (rows, PANEL). A bias stride of 0 means one for all. */
static void panel_of(const layer *layer, int64_t panel, int64_t rows, const float *inputs,
                     int64_t stride, const float *bias, int64_t bias_stride, float *slice,
                     float *sums) {
    const int64_t depth = layer->depth;
    const uint16_t *weights = layer->weights + panel * depth * PANEL;
    if (rows <= FEW_ROWS) {
        for (int first = 0; first < PANEL; first += PANEL / 2)
            for (int64_t row = 0; row < rows; row += PAIR) {
                const float *from = inputs + row * stride, *begin = bias + row * bias_stride + first;
                float *to = sums + row * PANEL + first;
                if (rows - row == 1)
                    half_of_rows(1, depth, from, stride, weights + first, begin, bias_stride, to);
                else
                    half_of_rows(2, depth, from, stride, weights + first, begin, bias_stride, to);
            }
        return;
    }
    for (int first = 0; first < PANEL; first += SLICE) {
        for (int64_t k = 0; k < depth; k++) {
            _mm256_storeu_ps(slice + SLICE * k, widened(weights + PANEL * k + first));
            _mm256_storeu_ps(slice + SLICE * k + 8, widened(weights + PANEL * k + first + 8));
        }
        for (int64_t row = 0; row < rows; row += MOST_ROWS) {
            const float *from = inputs + row * stride, *begin = bias + row * bias_stride + first;
            float *to = sums + row * PANEL + first;
            switch (rows - row) {
#define WITH(count)                                                                     \
    slice_of_rows(count, depth, from, stride, slice, begin, bias_stride, to);           \
    break
            case 1: WITH(1);
            case 2: WITH(2);
            case 3: WITH(3);
            case 4: WITH(4);
            case 5: WITH(5);
            default: WITH(6);
#undef WITH
            }
        }
    }
}

/* A whole layer for all rows; with `squash`, its tanh. */
static void apply(const layer *layer, int64_t rows, const float *inputs, int64_t stride, int squash,
                  float *slice, float *sums, float *outputs) {
    const int64_t columns = layer->num_panels * PANEL;
    for (int64_t panel = 0; panel < layer->num_panels; panel++) {
        panel_of(layer, panel, rows, inputs, stride, layer->bias + panel * PANEL, 0, slice, sums);
        for (int64_t row = 0; row < rows; row++)
            for (int part = 0; part < PANEL; part += 8) {
                __m256 sum = _mm256_loadu_ps(sums + row * PANEL + part);
                _mm256_storeu_ps(outputs + row * columns + panel * PANEL + part,
                                 squash ? tanh_of(sum) : sum);
            }
    }
}

/* The LSTM's part of a step. A panel holds the four gates of 16 units: input, forget, output,
 * candidate. */
static void move(const decoder *model, int64_t rows, const rows_state *state) {
    const int64_t size = model->size, width = STEP + size;
    for (int64_t panel = 0; panel < model->gates.num_panels; panel++) {
        panel_of(&model->gates, panel, rows, state->seen, width, state->context + panel * PANEL,
                 4 * size, state->slice, state->sums);
        for (int64_t row = 0; row < rows; row++)
            for (int part = 0; part < SLICE; part += 8) {
                const float *gate = state->sums + row * PANEL + part;
                float *place = state->cell + row * size + panel * SLICE + part;
                __m256 into = sigmoid(_mm256_loadu_ps(gate));
                __m256 forget = sigmoid(_mm256_loadu_ps(gate + SLICE));
                __m256 out = sigmoid(_mm256_loadu_ps(gate + 2 * SLICE));
                __m256 candidate = tanh_of(_mm256_loadu_ps(gate + 3 * SLICE));
                __m256 cell = _mm256_fmadd_ps(forget, _mm256_loadu_ps(place),
                                              _mm256_mul_ps(into, candidate));
                _mm256_storeu_ps(place, cell);
                _mm256_storeu_ps(state->hidden + row * size + panel * SLICE + part,
                                 _mm256_mul_ps(out, tanh_of(cell)));
            }
    }
    for (int64_t row = 0; row < rows; row++)
        for (int64_t unit = 0; unit < size; unit++)
            state->seen[row * width + STEP + unit] = state->hidden[row * size + unit];
}

static int largest(int64_t count, const float *logits, const float *gumbel, float temperature) {
    int best = 0;
    for (int64_t place = 1; place < count; place++)
        if (logits[place] + temperature * gumbel[place] >
            logits[best] + temperature * gumbel[best])
            best = (int)place;
    return best;
}

/* `StrokeMixture.sample` of one row; returns whether the drawing ends. */
static int sample(int64_t components, const float *output, const float *noise, float temperature,
                  float *step) {
    const float *chosen = output + PEN_STATES;
    chosen += largest(components, chosen, noise, temperature);
    const float *pen_gumbel = noise + components, *normal = pen_gumbel + PEN_STATES;
    const float root = sqrtf(temperature);
    const float spread_x = expf(fmaxf(chosen[3 * components], MIN_LOG_STD)) * root;
    const float spread_y = expf(fmaxf(chosen[4 * components], MIN_LOG_STD)) * root;
    const float tilt = tanhf(chosen[5 * components]);
    const float correlation = fminf(fmaxf(tilt, -MAX_CORRELATION), MAX_CORRELATION);
    const float across = sqrtf(1.0f - correlation * correlation);
    const int pen = largest(PEN_STATES, output, pen_gumbel, temperature);
    step[0] = chosen[components] + spread_x * normal[0];
    step[1] = chosen[2 * components] + spread_y * (correlation * normal[0] + across * normal[1]);
    for (int state = 0; state < PEN_STATES; state++) step[2 + state] = (float)(state == pen);
    return pen == PEN_STATES - 1;
}

/* First states of drawings that begin. `latents` (rows, Z); `start` (rows, columns of that layer)
 * is scratch. */
void begin_rows(const decoder *model, int64_t rows, const float *latents, const rows_state *state,
                float *start) {
    const int64_t size = model->size, width = STEP + size;
    const int64_t columns = model->start.num_panels * PANEL;
    apply(&model->start, rows, latents, model->start.depth, 1, state->slice, state->sums, start);
    apply(&model->context, rows, latents, model->context.depth, 0, state->slice, state->sums,
          state->context);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t unit = 0; unit < size; unit++) {
            state->seen[row * width + STEP + unit] = start[row * columns + unit];
            state->cell[row * size + unit] = start[row * columns + size + unit];
        }
}

/* Draw `num_steps` steps of each row, or up to the first at which a drawing ends.
 * `noise` (rows, noise_stride) holds the steps' noise one after the other, `steps`
 * (num_steps, rows, STEP) what was drawn. Returns the number of steps. */
int64_t draw_rows(const decoder *model, int64_t rows, int64_t num_steps, float temperature,
                  const float *noise, int64_t noise_stride, const rows_state *state,
                  float *steps) {
    const int64_t width = STEP + model->size, components = model->num_components;
    const int64_t columns = model->output.num_panels * PANEL;
    for (int64_t number = 0; number < num_steps; number++, steps += rows * STEP) {
        int ended = 0;
        move(model, rows, state);
        apply(&model->output, rows, state->hidden, model->size, 0, state->slice, state->sums,
              state->output);
        for (int64_t row = 0; row < rows; row++) {
            const float *now = noise + row * noise_stride +
                               number * (components + PEN_STATES + 2);
            float *step = steps + row * STEP;
            ended |= sample(components, state->output + row * columns, now, temperature, step);
            for (int part = 0; part < STEP; part++) state->seen[row * width + part] = step[part];
        }
        if (ended) return number + 1;
    }
    return num_steps;
}
