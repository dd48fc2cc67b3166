/* Stands in for the resolver: counts what is registered, and refuses more than there is room for. */
#ifndef STANDIN_MICRO_MUTABLE_OP_RESOLVER_H
#define STANDIN_MICRO_MUTABLE_OP_RESOLVER_H

#include "tensorflow/lite/c/common.h"

namespace tflite {

class MicroOpResolver {
  public:
    unsigned int registered = 0;
    unsigned int room = 0;
};

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
  public:
    MicroMutableOpResolver() {
        room = tOpCount;
    }
    TfLiteStatus AddAdd() {
        return Add();
    }
    TfLiteStatus AddAveragePool2D() {
        return Add();
    }
    TfLiteStatus AddConv2D() {
        return Add();
    }
    TfLiteStatus AddDepthwiseConv2D() {
        return Add();
    }
    TfLiteStatus AddFullyConnected() {
        return Add();
    }
    TfLiteStatus AddReshape() {
        return Add();
    }
    TfLiteStatus AddSoftmax() {
        return Add();
    }

  private:
    TfLiteStatus Add() {
        return ++registered > room ? kTfLiteError : kTfLiteOk;
    }
};

} // namespace tflite

#endif
