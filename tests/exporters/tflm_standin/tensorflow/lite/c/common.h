/* Stands in for TensorFlow Lite Micro's types: as much of them as an exported self-test uses. */
#ifndef STANDIN_COMMON_H
#define STANDIN_COMMON_H

#include <stddef.h>
#include <stdint.h>

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

struct TfLiteTensor {
    union {
        char *raw;
        int8_t *int8;
    } data;
    size_t bytes;
};

#endif
