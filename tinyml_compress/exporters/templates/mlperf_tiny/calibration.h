/* Programs that tell what a core's instructions cost: `measure --fit-core` asks for their times.
 * Made by tinyml_compress @version@; do not edit. */
#ifndef TC_MODEL_CALIBRATION_H
#define TC_MODEL_CALIBRATION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TC_MODEL_CALIBRATION_PROGRAMS TC_FACT_PROGRAMS
#define TC_MODEL_CALIBRATION_SHA256 "@digest@"

/* Readies the memory; then each call is an inference of that program. 0: done. */
void tc_model_calibration_start(void);
int tc_model_calibration_run(uint32_t program);

#ifdef __cplusplus
}
#endif

#endif /* TC_MODEL_CALIBRATION_H */
