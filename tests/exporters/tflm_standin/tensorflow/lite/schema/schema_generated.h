/* Stands in for the flatbuffer's accessors: a model is what carries the file identifier. */
#ifndef STANDIN_SCHEMA_GENERATED_H
#define STANDIN_SCHEMA_GENERATED_H

#include <stdint.h>

#define TFLITE_SCHEMA_VERSION 3

namespace tflite {

struct Model {
    char start[8];
    uint32_t version() const {
        return start[4] == 'T' && start[5] == 'F' && start[6] == 'L' && start[7] == '3' ? 3u : 0u;
    }
};

inline const Model *GetModel(const void *data) {
    return static_cast<const Model *>(data);
}

} // namespace tflite

#endif
