/* MLPerf Tiny's serial protocol for tc_model; tc_model_mlperf.h says what it wants.
 * Made by tinyml_compress @version@ from the model with sha256
 * @sha256@; do not edit. */
#include "tc_model_mlperf.h"

#include <string.h>

#if TC_MODEL_MLPERF_CALIBRATION
#include "tc_model_calibration.h"
#endif

#if TC_MODEL_MLPERF_LISTENS
#include "tc_model_frontend.h"
#if TC_FACT_IS_TRIGGER
#include "tc_model_trigger.h"
#endif
#endif

#ifndef TC_MODEL_ARENAS /* one arena: all of the block but what lies behind it */
#define TC_MODEL_ARENAS(block) (block)
#endif

#define TC_MODEL_LINE 96 /* the runner's longest command has 31 bytes in hex */
#if TC_MODEL_MLPERF_INPUT == TC_MODEL_MLPERF_FLOATS
#define TC_MODEL_INPUT_WORD "floats"
#define TC_MODEL_LOAD_BYTES (4 * TC_MODEL_INPUT0_ELEMENTS)
#else
#define TC_MODEL_LOAD_BYTES TC_MODEL_INPUT0_BYTES
#if TC_MODEL_MLPERF_INPUT == TC_MODEL_MLPERF_PIXELS
#define TC_MODEL_INPUT_WORD "pixels"
#else
#define TC_MODEL_INPUT_WORD "stored"
#endif
#endif

typedef struct {
    const tc_model_mlperf_port *port;
    char line[TC_MODEL_LINE + 1];
    size_t length;
    int is_too_long;
    uint8_t data[TC_MODEL_LOAD_BYTES];
    size_t wanted; /* what `db load` announced; 0: nothing yet */
    size_t loaded;
#if TC_MODEL_MLPERF_LISTENS
    int is_listening;
    uint32_t hops;                                            /* since `start` */
    uint32_t rows;                                            /* that wait for an inference */
    uint32_t scored;                                          /* inferences since `start` */
    int16_t heard[TC_MODEL_FRONTEND_HOP];                     /* the newest samples */
    TC_FACT_LINE_INPUT_TYPE window[TC_MODEL_INPUT0_ELEMENTS]; /* of rows, the newest last */
    TC_FACT_LINE_OUTPUT_TYPE scores[TC_MODEL_MLPERF_SCORES];
    tc_model_frontend_t frontend;
#if TC_FACT_IS_TRIGGER
    tc_model_trigger_t trigger;
#endif
#endif
} tc_model_device;

static tc_model_device tc_model_the_device;
static union {
    uint64_t align;
    uint8_t bytes[TC_MODEL_SELFTEST_ARENA_BYTES + TC_MODEL_SELFTEST_ARENA_ALIGN];
} tc_model_mlperf_memory;

static void *tc_model_block(void) {
    const size_t past = (size_t)((uintptr_t)tc_model_mlperf_memory.bytes % TC_MODEL_SELFTEST_ARENA_ALIGN);
    return &tc_model_mlperf_memory.bytes[past == 0u ? 0u : TC_MODEL_SELFTEST_ARENA_ALIGN - past];
}

#ifdef TC_MODEL_STATE_BYTES
/* What the model keeps from one inference to the next lies behind the arena. */
static tc_model_state_t *tc_model_mlperf_state(void *block) {
    return (tc_model_state_t *)(void *)((uint8_t *)block + (TC_MODEL_SELFTEST_ARENA_BYTES - TC_MODEL_STATE_BYTES));
}
#endif

/* --- words ------------------------------------------------------------------------------------------------------ */

static void tc_model_say(const tc_model_device *device, const char *text) {
    for (; *text != '\0'; text++) {
        device->port->write(device->port->context, *text);
    }
}

static void tc_model_say_number(const tc_model_device *device, uint32_t number) {
    char digits[11];
    char *first = &digits[10];
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10u);
        number /= 10u;
    } while (number != 0u);
    tc_model_say(device, first);
}

static void tc_model_say_line(const tc_model_device *device, const char *before, uint32_t number, const char *after) {
    tc_model_say(device, before);
    tc_model_say_number(device, number);
    tc_model_say(device, after);
}

/* Three places behind the point, without the printf that a small board has no room for. */
static void tc_model_say_real(const tc_model_device *device, float real) {
    const float size = real < 0.0f ? -real : real;
    if (!(size < 4.0e6f)) {
        tc_model_say(device, real < 0.0f ? "-4000000.000" : "4000000.000");
        return;
    }
    const uint32_t thousandths = (uint32_t)(size * 1000.0f + 0.5f);
    const uint32_t rest = thousandths % 1000u;
    tc_model_say(device, real < 0.0f && thousandths != 0u ? "-" : "");
    tc_model_say_number(device, thousandths / 1000u);
    tc_model_say(device, rest < 10u ? ".00" : rest < 100u ? ".0" : ".");
    tc_model_say_number(device, rest);
}

/* The next word of the command, which loses its space; NULL at the end. */
static char *tc_model_word(char **rest) {
    char *word = *rest;
    while (*word == ' ') {
        word++;
    }
    if (*word == '\0') {
        *rest = word;
        return NULL;
    }
    char *end = word;
    while (*end != ' ' && *end != '\0') {
        end++;
    }
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

/* A count below a billion; -1 for anything else. */
static int32_t tc_model_count(const char *word) {
    int32_t count = 0;
    int digits = 0;
    for (; *word >= '0' && *word <= '9'; word++, digits++) {
        if (digits == 9) {
            return -1;
        }
        count = 10 * count + (*word - '0');
    }
    return digits == 0 || *word != '\0' ? -1 : count;
}

static int tc_model_hex(char digit) {
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* --- the model -------------------------------------------------------------------------------------------------- */

#if TC_MODEL_MLPERF_INPUT == TC_MODEL_MLPERF_FLOATS
static float tc_model_given(const tc_model_device *device, size_t element) {
    float real;
    (void)memcpy(&real, &device->data[4u * element], sizeof real);
    return real;
}
#endif

static void tc_model_put_input(const tc_model_device *device, void *block) {
#if TC_MODEL_MLPERF_INPUT == TC_MODEL_MLPERF_STORED
    (void)memcpy(tc_model_input(TC_MODEL_ARENAS(block), 0), device->data, TC_MODEL_INPUT0_BYTES);
#elif TC_MODEL_MLPERF_INPUT == TC_MODEL_MLPERF_PIXELS
    uint8_t *input = (uint8_t *)tc_model_input(TC_MODEL_ARENAS(block), 0);
    for (size_t i = 0; i < TC_MODEL_INPUT0_BYTES; i++) {
        input[i] = device->data[i] ^ 0x80u;
    }
#else
    TC_FACT_LINE_INPUT_TYPE *input = (TC_FACT_LINE_INPUT_TYPE *)tc_model_input(TC_MODEL_ARENAS(block), 0);
    for (size_t i = 0; i < TC_MODEL_INPUT0_ELEMENTS; i++) {
        input[i] = TC_FACT_QUANTIZED;
    }
#endif
}

/* 0: done; 1: refused; 2: a model with a memory has no result yet. */
static int tc_model_run(void *block) {
#ifdef TC_MODEL_STATE_BYTES
    return tc_model_invoke(TC_MODEL_ARENAS(block), tc_model_mlperf_state(block));
#else
    return tc_model_invoke(TC_MODEL_ARENAS(block));
#endif
}

static int tc_model_infer_once(const tc_model_device *device, void *block) {
    tc_model_put_input(device, block);
    return tc_model_run(block) == 1;
}

static float tc_model_result(const void *block, size_t element) {
    const TC_FACT_LINE_OUTPUT_TYPE *output =
        (const TC_FACT_LINE_OUTPUT_TYPE *)tc_model_output(TC_MODEL_ARENAS(block), 0);
    return TC_FACT_DEQUANTIZED;
}

static void tc_model_results(tc_model_device *device, char *rest) {
    (void)rest;
    const void *block = tc_model_block();
    tc_model_say(device, "m-results-[");
#if TC_MODEL_MLPERF_ERROR
    float sum = 0.0f;
    for (size_t i = 0; i < TC_MODEL_OUTPUT0_ELEMENTS; i++) {
        const float apart = tc_model_given(device, i) - tc_model_result(block, i);
        sum += apart * apart;
    }
    tc_model_say_real(device, sum / (float)TC_MODEL_OUTPUT0_ELEMENTS);
#else
    for (size_t i = 0; i < TC_MODEL_OUTPUT0_ELEMENTS; i++) {
        tc_model_say(device, i == 0u ? "" : ",");
        tc_model_say_real(device, tc_model_result(block, i));
    }
#endif
    tc_model_say(device, "]\r\n");
}

static void tc_model_say_byte(const tc_model_device *device, uint8_t byte) {
    static const char digits[] = "0123456789abcdef";
    const char pair[3] = {digits[byte >> 4], digits[byte & 15u], '\0'};
    tc_model_say(device, pair);
}

/* Not the protocol's: the output as it is stored, for three places behind the point prove no byte. */
static void tc_model_bytes(tc_model_device *device, char *rest) {
    (void)rest;
    const void *output = tc_model_output(TC_MODEL_ARENAS(tc_model_block()), 0);
    tc_model_say(device, "m-output-[");
    for (size_t i = 0; i < TC_MODEL_OUTPUT0_BYTES; i++) {
        tc_model_say_byte(device, ((const uint8_t *)output)[i]);
    }
    tc_model_say(device, "]\r\n");
}

/* --- commands --------------------------------------------------------------------------------------------------- */

static void tc_model_pin(const tc_model_device *device, int which, int level) {
    if (device->port->pin != NULL) {
        device->port->pin(device->port->context, which, level);
    }
}

/* The pin is low for as long as it takes to read the clock, which is returned. */
static uint32_t tc_model_pulse(const tc_model_device *device, int which) {
    tc_model_pin(device, which, 0);
    const uint32_t now = device->port->microseconds(device->port->context);
    tc_model_pin(device, which, 1);
    return now;
}

static void tc_model_timestamp(const tc_model_device *device) {
    tc_model_say_line(device, "m-lap-us-", tc_model_pulse(device, TC_MODEL_MLPERF_TIMESTAMP), "\r\n");
}

static void tc_model_now(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_timestamp(device);
}

static void tc_model_infer(tc_model_device *device, char *rest) {
    const char *word = tc_model_word(&rest);
    const int32_t count = word == NULL ? 1 : tc_model_count(word);
    word = word == NULL ? NULL : tc_model_word(&rest);
    const int32_t warmups = word == NULL ? 10 : tc_model_count(word);
    if (count <= 0) {
        tc_model_say(device, "e-[Inference iterations must be >0]\r\n");
        return;
    }
    if (warmups < 0) {
        tc_model_say(device, "e-[Inference warmup must be >=0]\r\n");
        return;
    }
    void *block = tc_model_block();
    int failed = 0;
    tc_model_say_line(device, "m-warmup-start-", (uint32_t)warmups, "\r\n");
    for (int32_t i = 0; i < warmups; i++) {
        failed |= tc_model_infer_once(device, block);
    }
    tc_model_say(device, "m-warmup-done\r\n");
    tc_model_say_line(device, "m-infer-start-", (uint32_t)count, "\r\n");
#ifdef TC_MODEL_STATE_BYTES
    tc_model_reset(tc_model_mlperf_state(block)); /* what is measured begins as a recording does */
#endif
    tc_model_timestamp(device);
    for (int32_t i = 0; i < count; i++) {
        failed |= tc_model_infer_once(device, block);
    }
    tc_model_timestamp(device);
    tc_model_say(device, "m-infer-done\r\n");
    if (failed != 0) {
        tc_model_say(device, "e-[The model refused its memory]\r\n");
        return;
    }
    tc_model_results(device, NULL);
}

static void tc_model_announced(tc_model_device *device, const char *word) {
    const int32_t wanted = word == NULL ? 0 : tc_model_count(word);
    if (wanted <= 0) {
        tc_model_say(device, "e-[Command 'db load' takes a number of bytes above 0]\r\n");
    } else if (wanted > TC_MODEL_LOAD_BYTES) {
        tc_model_say_line(device, "e-[Command 'db load' is for at most ", TC_MODEL_LOAD_BYTES, " bytes]\r\n");
    } else {
        device->wanted = (size_t)wanted;
        device->loaded = 0u;
        tc_model_say_line(device, "m-[Expecting ", (uint32_t)wanted, " bytes]\r\n");
    }
}

static void tc_model_loaded(tc_model_device *device, const char *word) {
    const size_t digits = strlen(word);
    if (device->loaded >= device->wanted) {
        tc_model_say(device, "e-[Command 'db load' comes before bytes]\r\n");
        return;
    }
    if (digits % 2u != 0u) {
        tc_model_say(device, "e-[Insufficent number of hex digits]\r\n");
        return;
    }
    for (size_t i = 0; i < digits && device->loaded < device->wanted; i += 2u) {
        const int high = tc_model_hex(word[i]);
        const int low = tc_model_hex(word[i + 1u]);
        if (high < 0 || low < 0) {
            tc_model_say(device, "e-[Invalid hex digit]\r\n");
            return;
        }
        device->data[device->loaded++] = (uint8_t)(16 * high + low);
    }
    if (device->loaded == device->wanted) {
        tc_model_say(device, "m-load-done\r\n");
    }
}

static void tc_model_print_data(const tc_model_device *device) {
    for (size_t i = 0; i < device->loaded; i++) {
        tc_model_say(device, i % 8u == 0u ? "m-buffer-" : "-");
        tc_model_say_byte(device, device->data[i]);
        if (i % 8u == 7u || i + 1u == device->loaded) {
            tc_model_say(device, "\r\n");
        }
    }
}

static void tc_model_db(tc_model_device *device, char *rest) {
    const char *word = tc_model_word(&rest);
    if (word == NULL) {
        tc_model_say(device, "e-[Command 'db' requires a subcommand]\r\n");
    } else if (strcmp(word, "load") == 0) {
        tc_model_announced(device, tc_model_word(&rest));
    } else if (strcmp(word, "print") == 0) {
        tc_model_print_data(device);
    } else {
        tc_model_loaded(device, word);
    }
}

/* Not the protocol's: the model's own proof, that this core and this compiler give the bytes of the golden vectors. */
static void tc_model_prove(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_selftest_result result;
    const int failed = tc_model_selftest(tc_model_block(), NULL, &result);
    tc_model_say_line(device, "m-selftest-vectors-", result.vectors - result.wrong, "-of-");
    tc_model_say_line(device, "", result.vectors, "\r\n");
    tc_model_say(device, failed == TC_MODEL_SELFTEST_PASSED ? "m-selftest-[passed]\r\n" : "e-[selftest failed]\r\n");
}

#if TC_MODEL_MLPERF_CALIBRATION
/* Not the protocol's: without a number which programs there are, else so many inferences of one between timestamps. */
static void tc_model_calibrate(tc_model_device *device, char *rest) {
    const char *word = tc_model_word(&rest);
    if (word == NULL) {
        tc_model_say(device, "m-calibration-[" TC_MODEL_CALIBRATION_SHA256 "]\r\n");
        return;
    }
    const int32_t program = tc_model_count(word);
    word = tc_model_word(&rest);
    const int32_t count = word == NULL ? 1 : tc_model_count(word);
    if (program < 0 || program >= TC_MODEL_CALIBRATION_PROGRAMS || count <= 0) {
        tc_model_say(device, "e-[Command 'calibrate' takes a program and a number of inferences]\r\n");
        return;
    }
    tc_model_calibration_start();
    int failed = tc_model_calibration_run((uint32_t)program); /* to warm up */
    tc_model_timestamp(device);
    for (int32_t i = 0; i < count; i++) {
        failed |= tc_model_calibration_run((uint32_t)program);
    }
    tc_model_timestamp(device);
    tc_model_say(device, failed == 0 ? "m-calibrate-done\r\n" : "e-[A program refused its memory]\r\n");
}
#endif

#ifdef TC_MODEL_STATE_BYTES
/* Not the protocol's: a sequence, which `infer` would begin anew. */
static void tc_model_forget(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_init(tc_model_mlperf_state(tc_model_block()));
    tc_model_say(device, "m-forgotten\r\n");
}

static void tc_model_step(tc_model_device *device, char *rest) {
    (void)rest;
    void *block = tc_model_block();
    tc_model_put_input(device, block);
    static const char *const answers[] = {"m-step-[done]\r\n", "e-[The model refused its memory]\r\n",
                                          "m-step-[no result]\r\n"};
    tc_model_say(device, answers[tc_model_run(block)]);
}
#endif

#if TC_MODEL_MLPERF_LISTENS
#include "tc_model_mlperf_listening.h"
#endif

/* --- which commands there are ----------------------------------------------------------------------------------- */

static void tc_model_name(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_say(device, "m-name-dut-[" TC_MODEL_MLPERF_VENDOR "]\r\n");
}

static void tc_model_profile(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_say(device, "m-profile-[" TC_MODEL_MLPERF_PROFILE "]\r\n"
                         "m-model-[" TC_MODEL_MLPERF_MODEL "]\r\n"
                         "m-sha256-[@sha256@]\r\n"
                         "m-input-[" TC_MODEL_INPUT_WORD "]\r\n");
}

static void tc_model_help(tc_model_device *device, char *rest);

typedef struct {
    const char *word;
    void (*obey)(tc_model_device *device, char *rest);
    int is_quiet; /* touches no memory of the model: it may come while the device listens */
    const char *help;
} tc_model_command;

static const tc_model_command tc_model_commands[] = {
    {"help", tc_model_help, 1, "               these lines"},
    {"name", tc_model_name, 1, "               the maker"},
    {"profile", tc_model_profile, 1, "            the model, and its sha256"},
    {"timestamp", tc_model_now, 1, "          the clock, in microseconds"},
    {"db", tc_model_db, 1, " load N | HEX | print  N bytes of input follow; the next of them; what has come"},
    {"infer", tc_model_infer, 0, " N W          W inferences to warm up, then N between timestamps"},
    {"results", tc_model_results, 0, "            those of the last inference"},
    {"output", tc_model_bytes, 0, "             its bytes"},
    {"selftest", tc_model_prove, 0, "           golden vectors and the weights' CRC-32"},
#ifdef TC_MODEL_STATE_BYTES
    {"forget", tc_model_forget, 0, "             a sequence begins"},
    {"step", tc_model_step, 0, "               its next inference"},
#endif
#if TC_MODEL_MLPERF_CALIBRATION
    {"calibrate", tc_model_calibrate, 0, " K N      N inferences of program K between timestamps"},
#endif
#if TC_MODEL_MLPERF_LISTENS
    {"start", tc_model_start, 0, "              listen"},
    {"stop", tc_model_stop, 1, "               no longer; the scores since"},
#endif
};
enum { TC_MODEL_COMMANDS = sizeof tc_model_commands / sizeof tc_model_commands[0] };

static void tc_model_help(tc_model_device *device, char *rest) {
    (void)rest;
    tc_model_say(device, TC_MODEL_MLPERF_PROFILE "\r\n");
    for (size_t i = 0; i < TC_MODEL_COMMANDS; i++) {
        tc_model_say(device, tc_model_commands[i].word);
        tc_model_say(device, tc_model_commands[i].help);
        tc_model_say(device, "\r\n");
    }
}

static void tc_model_obey(tc_model_device *device) {
    char *rest = device->line;
    const char *word = tc_model_word(&rest);
    if (word == NULL) {
        return;
    }
    const tc_model_command *known = NULL;
    for (size_t i = 0; i < TC_MODEL_COMMANDS; i++) {
        if (strcmp(word, tc_model_commands[i].word) == 0) {
            known = &tc_model_commands[i];
        }
    }
    if (known == NULL) {
        tc_model_say(device, "e-[Unknown command: ");
        tc_model_say(device, word);
        tc_model_say(device, "]\r\n");
#if TC_MODEL_MLPERF_LISTENS
    } else if (device->is_listening && !known->is_quiet) {
        tc_model_say(device, "e-[The device listens: stop comes first]\r\n");
#endif
    } else {
        known->obey(device, rest);
    }
}

/* One character; at '%' the command is obeyed. Ends of lines between commands are nobody's. */
static void tc_model_take(tc_model_device *device, char character) {
    if (character == '%') {
        device->line[device->length] = '\0';
        if (device->is_too_long) {
            tc_model_say_line(device, "e-[A command has at most ", TC_MODEL_LINE, " characters]\r\n");
        } else {
            tc_model_obey(device);
        }
        tc_model_say(device, "m-ready\r\n");
        device->length = 0u;
        device->is_too_long = 0;
    } else if (character < ' ' || character > '~') {
        return;
    } else if (device->length < TC_MODEL_LINE) {
        device->line[device->length++] = character;
    } else {
        device->is_too_long = 1;
    }
}

void tc_model_mlperf_run(const tc_model_mlperf_port *port) {
    tc_model_device *device = &tc_model_the_device;
    (void)memset(device, 0, sizeof *device);
    device->port = port;
#ifdef TC_MODEL_LOADED_BYTES
    tc_model_load();
#endif
#ifdef TC_MODEL_STATE_BYTES
    tc_model_init(tc_model_mlperf_state(tc_model_block()));
#endif
    (void)tc_model_infer_once(device, tc_model_block()); /* so that there are results to ask for */
    tc_model_say(device, "m-init-done\r\nm-ready\r\n");
    for (;;) {
#if TC_MODEL_MLPERF_LISTENS
        while (device->is_listening && tc_model_listened(device)) {
        }
#endif
        const int next = port->read(port->context);
        if (next < 0) {
            return;
        }
        tc_model_take(device, (char)next);
    }
}
