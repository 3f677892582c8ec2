/* Many steps of an LSTM decoder in one call, sampling included, for a few rows at once.
 *
 * The same arithmetic as `decoder.onnx`, which says what is right; lstm_steps.py tells what each
 * array holds. One drawing alone is drawn as fast as its weights can be read, so these stay the
 * 16-bit floats that the bundle stores. Each sum is begun with its bias and goes through the
 * inputs in their order, one fused multiplication and addition after another, however many rows
 * there are: a drawing does not depend on those beside it.
 */
#include "../sigmoid.h"

#include <math.h> /* not immintrin.h: it takes as long to compile as all the rest */
#include <stdint.h>

#if !defined(__AVX2__) || !defined(__FMA__) || !defined(__F16C__)
#error "for processors with AVX2, FMA and F16C"
#endif

#define PANEL 64 /* columns of a layer that lie together */
#define UNITS 16 /* of the LSTM, whose gates lie in one panel */
#define PAIR 2   /* rows that go through the weights together */
#define PARTS 4  /* of eight columns, in half a panel */
#define AHEAD 32 /* rows of weights that are fetched before they are needed */
#define STEP 5   /* numbers of a stroke-5 row */
#define PEN_STATES 3

/* Eight numbers at once, lying anywhere. `a * b + sum` is one fused operation for each. */
typedef float eight __attribute__((vector_size(32)));
typedef float eight_there __attribute__((vector_size(32), aligned(4)));
typedef short halves __attribute__((vector_size(16), aligned(2)));
#define WIDENED(place) ((eight)__builtin_ia32_vcvtph2ps256(*(const halves *)(place)))
#define AT(place) (*(eight_there *)(place))
#define FROM(place) (*(const eight_there *)(place))

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
    float *sums;    /* (rows, PANEL), scratch */
} rows_state;

/* Half a panel's sums for one row or two, straight from the stored weights; `rows` is a constant
 * wherever this is written out. */
static inline __attribute__((always_inline)) void half_of_rows(
    const int rows, int64_t depth, const float *inputs, int64_t stride, const uint16_t *weights,
    const float *bias, int64_t bias_stride, float *sums) {
    eight sum[PAIR][PARTS];
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            sum[row][part] = FROM(bias + row * bias_stride + 8 * part);
    for (int64_t k = 0; k < depth; k++, weights += PANEL) {
        eight wide[PARTS];
        __builtin_prefetch(weights + AHEAD * PANEL);
        for (int part = 0; part < PARTS; part++) wide[part] = WIDENED(weights + 8 * part);
        for (int row = 0; row < rows; row++) {
            const float input = inputs[row * stride + k];
            for (int part = 0; part < PARTS; part++)
                sum[row][part] = input * wide[part] + sum[row][part];
        }
    }
    for (int row = 0; row < rows; row++)
        for (int part = 0; part < PARTS; part++)
            AT(sums + row * PANEL + 8 * part) = sum[row][part];
}

/* One panel of a layer for all rows: `sums` (rows, PANEL). A bias stride of 0 means one for all.
 * Half a panel stays in the innermost cache while all pairs of rows go through it. */
static void panel_of(const layer *layer, int64_t panel, int64_t rows, const float *inputs,
                     int64_t stride, const float *bias, int64_t bias_stride, float *sums) {
    const int64_t depth = layer->depth;
    const uint16_t *weights = layer->weights + panel * depth * PANEL;
    for (int first = 0; first < PANEL; first += PANEL / 2)
        for (int64_t row = 0; row < rows; row += PAIR) {
            const float *from = inputs + row * stride, *begin = bias + row * bias_stride + first;
            float *to = sums + row * PANEL + first;
            if (rows - row == 1)
                half_of_rows(1, depth, from, stride, weights + first, begin, bias_stride, to);
            else
                half_of_rows(2, depth, from, stride, weights + first, begin, bias_stride, to);
        }
}

/* A whole layer for all rows; with `squash`, its tanh. */
static void apply(const layer *layer, int64_t rows, const float *inputs, int64_t stride, int squash,
                  float *sums, float *outputs) {
    const int64_t columns = layer->num_panels * PANEL;
    for (int64_t panel = 0; panel < layer->num_panels; panel++) {
        panel_of(layer, panel, rows, inputs, stride, layer->bias + panel * PANEL, 0, sums);
        for (int64_t row = 0; row < rows; row++)
            for (int place = 0; place < PANEL; place++) {
                const float sum = sums[row * PANEL + place];
                outputs[row * columns + panel * PANEL + place] = squash ? tanh_of(sum) : sum;
            }
    }
}

/* The LSTM's part of a step. A panel holds the four gates of 16 units: input, forget, output,
 * candidate. */
static void move(const decoder *model, int64_t rows, const rows_state *state) {
    const int64_t size = model->size, width = STEP + size;
    for (int64_t panel = 0; panel < model->gates.num_panels; panel++) {
        panel_of(&model->gates, panel, rows, state->seen, width, state->context + panel * PANEL,
                 4 * size, state->sums);
        for (int64_t row = 0; row < rows; row++) {
            const float *restrict gate = state->sums + row * PANEL;
            float *restrict cells = state->cell + row * size + panel * UNITS;
            float *restrict hidden = state->hidden + row * size + panel * UNITS;
            for (int unit = 0; unit < UNITS; unit++) {
                const float into = sigmoid(gate[unit]), forget = sigmoid(gate[UNITS + unit]);
                const float out = sigmoid(gate[2 * UNITS + unit]);
                const float candidate = tanh_of(gate[3 * UNITS + unit]);
                cells[unit] = forget * cells[unit] + into * candidate;
                hidden[unit] = out * tanh_of(cells[unit]);
            }
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
    apply(&model->start, rows, latents, model->start.depth, 1, state->sums, start);
    apply(&model->context, rows, latents, model->context.depth, 0, state->sums,
          state->context);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t unit = 0; unit < size; unit++) {
            state->seen[row * width + STEP + unit] = start[row * columns + unit];
            state->cell[row * size + unit] = start[row * columns + size + unit];
        }
}

/* Draw `num_steps` steps of each row, or up to the first at which a drawing ends.
 * `temperatures` (rows), `noise` (rows, noise_stride) holds the steps' noise one after the other, `steps`
 * (num_steps, rows, STEP) what was drawn. Returns the number of steps. */
int64_t draw_rows(const decoder *model, int64_t rows, int64_t num_steps,
                  const float *temperatures, const float *noise, int64_t noise_stride, const rows_state *state,
                  float *steps) {
    const int64_t width = STEP + model->size, components = model->num_components;
    const int64_t columns = model->output.num_panels * PANEL;
    for (int64_t number = 0; number < num_steps; number++, steps += rows * STEP) {
        int ended = 0;
        move(model, rows, state);
        apply(&model->output, rows, state->hidden, model->size, 0, state->sums,
              state->output);
        for (int64_t row = 0; row < rows; row++) {
            const float *now = noise + row * noise_stride +
                               number * (components + PEN_STATES + 2);
            float *step = steps + row * STEP;
            ended |= sample(components, state->output + row * columns, now, temperatures[row],
                            step);
            for (int part = 0; part < STEP; part++) state->seen[row * width + part] = step[part];
        }
        if (ended) return number + 1;
    }
    return num_steps;
}
