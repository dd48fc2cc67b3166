/* Self-test of tc_model under TensorFlow Lite Micro; tc_model_selftest.h says what it does.
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#include "tc_model_selftest.h"

#include <string.h>

#include "tc_model_resolver.h"
#include "tc_model_test_vectors.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

/* What Invoke() returns while a model with state has no result yet; expected zeros stand for that. */
const int kNoResult = -9;

/* CRC-32 as zlib and Ethernet compute it; `volatile`, because the question is what the memory holds. */
uint32_t Crc32(const uint8_t *data, size_t bytes) {
    const volatile uint8_t *from = data;
    uint32_t crc = 0xFFFFFFFFu;
    for (; bytes > 0u; bytes--) {
        crc ^= *from;
        from++;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return crc ^ 0xFFFFFFFFu;
}

bool AllZero(const uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (at < count && bytes[at] == 0u) {
        at++;
    }
    return at == count;
}

/* Whether one golden vector gives the bytes it has to give. */
bool VectorEqual(tflite::MicroInterpreter &interpreter, size_t vector, tc_model_clock_fn clock,
                 tc_model_selftest_result *result) {
    const uint8_t *bytes = tc_model_vector_inputs[vector];
    for (size_t i = 0; i < TC_MODEL_MODEL_INPUT_COUNT; i++) {
        (void)memcpy(interpreter.input(i)->data.raw, bytes, tc_model_input_bytes[i]);
        bytes += tc_model_input_bytes[i];
    }
    const uint32_t start = clock == NULL ? 0u : clock();
    const int status = static_cast<int>(interpreter.Invoke());
    if (clock != NULL) {
        const uint32_t ticks = clock() - start;
        result->ticks_min = ticks < result->ticks_min ? ticks : result->ticks_min;
        result->ticks_max = ticks > result->ticks_max ? ticks : result->ticks_max;
    }
    if (status != static_cast<int>(kTfLiteOk) && status != kNoResult) {
        return false;
    }
    bytes = tc_model_vector_outputs[vector];
    for (size_t i = 0; i < TC_MODEL_MODEL_OUTPUT_COUNT; i++) {
        const bool equal = status == kNoResult
                               ? AllZero(bytes, tc_model_output_bytes[i])
                               : memcmp(interpreter.output(i)->data.raw, bytes, tc_model_output_bytes[i]) == 0;
        if (!equal) {
            return false;
        }
        bytes += tc_model_output_bytes[i];
    }
    return true;
}

/* Whether the tensors are as large as the vectors. */
bool SizesEqual(tflite::MicroInterpreter &interpreter) {
    bool equal = interpreter.inputs_size() == TC_MODEL_MODEL_INPUT_COUNT &&
                 interpreter.outputs_size() == TC_MODEL_MODEL_OUTPUT_COUNT;
    for (size_t i = 0; equal && i < TC_MODEL_MODEL_INPUT_COUNT; i++) {
        equal = interpreter.input(i)->bytes == tc_model_input_bytes[i];
    }
    for (size_t i = 0; equal && i < TC_MODEL_MODEL_OUTPUT_COUNT; i++) {
        equal = interpreter.output(i)->bytes == tc_model_output_bytes[i];
    }
    return equal;
}

} // namespace

int tc_model_selftest(void *arena, tc_model_clock_fn clock, tc_model_selftest_result *result) {
    int failed = TC_MODEL_SELFTEST_PASSED;
    result->weights_crc32 = Crc32(tc_model_model_data, TC_MODEL_MODEL_DATA_LEN);
    result->vectors = TC_MODEL_VECTOR_COUNT;
    result->wrong = 0u;
    result->first_wrong = -1;
    result->ticks_min = 0u;
    result->ticks_max = 0u;
    if (result->weights_crc32 != TC_MODEL_SELFTEST_WEIGHTS_CRC32) {
        return TC_MODEL_SELFTEST_WEIGHTS; /* not a file that an interpreter should read */
    }
    const tflite::Model *model = tflite::GetModel(tc_model_model_data);
    tc_model_resolver_t resolver;
    if (arena == NULL || model->version() != TFLITE_SCHEMA_VERSION ||
        tc_model_register_operators(resolver) != kTfLiteOk) {
        return TC_MODEL_SELFTEST_ARENA;
    }
    tflite::MicroInterpreter interpreter(model, resolver, static_cast<uint8_t *>(arena), TC_MODEL_SELFTEST_ARENA_BYTES);
    if (interpreter.AllocateTensors() != kTfLiteOk || !SizesEqual(interpreter)) {
        return TC_MODEL_SELFTEST_ARENA;
    }
    result->ticks_min = clock == NULL ? 0u : UINT32_MAX;
    for (size_t vector = 0; vector < TC_MODEL_VECTOR_COUNT; vector++) {
        if (!VectorEqual(interpreter, vector, clock, result)) {
            if (result->wrong == 0u) {
                result->first_wrong = static_cast<int32_t>(vector);
            }
            result->wrong++;
            failed |= TC_MODEL_SELFTEST_VECTORS;
        }
    }
    return failed;
}
