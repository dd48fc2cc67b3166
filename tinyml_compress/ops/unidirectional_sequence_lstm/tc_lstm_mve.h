/* Long short-term memory on Helium. */
#ifndef TC_LSTM_MVE_H
#define TC_LSTM_MVE_H

#include "tc_lstm.h"
#include "tc_mve_dot.h"

#endif
