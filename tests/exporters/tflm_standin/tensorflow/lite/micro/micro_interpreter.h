/* Stands in for the interpreter: the same calls, computed by the generated C of the same model (aot.c). */
#ifndef STANDIN_MICRO_INTERPRETER_H
#define STANDIN_MICRO_INTERPRETER_H

#include "aot.h"
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflite {

class MicroInterpreter {
  public:
    MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena, size_t bytes)
        : model_(model), resolver_(resolver), arena_(arena), bytes_(bytes) {
    }
    TfLiteStatus AllocateTensors() {
        const bool all = resolver_.registered == resolver_.room;
        if (model_ == nullptr || !all || bytes_ < AOT_ARENA_BYTES || aot_invoke(arena_) != 0) {
            return kTfLiteError;
        }
        input_.data.raw = static_cast<char *>(aot_input(arena_, 0));
        input_.bytes = AOT_INPUT0_BYTES;
        output_.data.raw = const_cast<char *>(static_cast<const char *>(aot_output(arena_, 0)));
        output_.bytes = AOT_OUTPUT0_BYTES;
        return kTfLiteOk;
    }
    TfLiteStatus Invoke() {
        return aot_invoke(arena_) == 0 ? kTfLiteOk : kTfLiteError;
    }
    TfLiteTensor *input(size_t) {
        return &input_;
    }
    TfLiteTensor *output(size_t) {
        return &output_;
    }
    size_t inputs_size() const {
        return AOT_INPUT_COUNT;
    }
    size_t outputs_size() const {
        return AOT_OUTPUT_COUNT;
    }

  private:
    const Model *model_;
    const MicroOpResolver &resolver_;
    uint8_t *arena_;
    size_t bytes_;
    TfLiteTensor input_ = {};
    TfLiteTensor output_ = {};
};

} // namespace tflite

#endif
