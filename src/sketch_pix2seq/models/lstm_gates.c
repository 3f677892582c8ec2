/* The element-wise work of one LSTM step, forwards and backwards, in one pass over memory.
 *
 * The same arithmetic as `TorchGates` in lstm_gates.py, where the meaning of each array is
 * told. Arrays are row-major without gaps; `rows` drawings, `size` units. Gates stand in the
 * order input, forget, output, candidate. With OpenMP the threads are those of torch's own pool;
 * no row depends on another.
 */
#include "../sigmoid.h"

#include <stdint.h>

void lstm_gates_forward(int64_t rows, int64_t size, float scale, float *restrict gates,
                        const float *restrict before, const uint8_t *restrict kept,
                        float *restrict cells, float *restrict tanh_cells,
                        float *restrict hidden) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
        float *restrict gate = gates + row * 4 * size;
#pragma omp simd
        for (int64_t unit = 0; unit < size; unit++) {
            int64_t place = row * size + unit;
            float into = sigmoid(gate[unit]), forget = sigmoid(gate[size + unit]);
            float out = sigmoid(gate[2 * size + unit]), candidate = tanh_of(gate[3 * size + unit]);
            float cell = forget * before[place] + into * candidate * (scale * kept[place]);
            float tanh_cell = tanh_of(cell);
            gate[unit] = into;
            gate[size + unit] = forget;
            gate[2 * size + unit] = out;
            gate[3 * size + unit] = candidate;
            cells[place] = cell;
            tanh_cells[place] = tanh_cell;
            hidden[place] = out * tanh_cell;
        }
    }
}

void lstm_gates_backward(int64_t rows, int64_t size, float scale, const float *restrict gates,
                         const float *restrict before, const uint8_t *restrict kept,
                         const float *restrict tanh_cells, const float *restrict grad_output,
                         const float *restrict grad_hidden, float *restrict grad_cell,
                         float *restrict grad_gates, float *restrict grad_context) {
#pragma omp parallel for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
        const float *restrict gate = gates + row * 4 * size;
        float *restrict grad = grad_gates + row * 4 * size;
        float *restrict context = grad_context + row * 4 * size;
#pragma omp simd
        for (int64_t unit = 0; unit < size; unit++) {
            int64_t place = row * size + unit;
            float into = gate[unit], forget = gate[size + unit];
            float out = gate[2 * size + unit], candidate = gate[3 * size + unit];
            float tanh_cell = tanh_cells[place];
            float hidden = grad_hidden[place] + grad_output[place];
            float cell = grad_cell[place] + hidden * out * (1.0f - tanh_cell * tanh_cell);
            float fresh = cell * (scale * kept[place]);
            float of_into = fresh * candidate * into * (1.0f - into);
            float of_forget = cell * before[place] * forget * (1.0f - forget);
            float of_out = hidden * tanh_cell * out * (1.0f - out);
            float of_candidate = fresh * into * (1.0f - candidate * candidate);
            grad[unit] = of_into;
            grad[size + unit] = of_forget;
            grad[2 * size + unit] = of_out;
            grad[3 * size + unit] = of_candidate;
            context[unit] += of_into;
            context[size + unit] += of_forget;
            context[2 * size + unit] += of_out;
            context[3 * size + unit] += of_candidate;
            grad_cell[place] = cell * forget;
        }
    }
}
