"""The public header of a generated model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from tinyml_compress.codegen.literals import float_literal
from tinyml_compress.codegen.tables import section_macro
from tinyml_compress.ir import ARENA_ALIGN, Arena, ConstantArray, DType, Port, StateSlot, memory_word
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.support.escape import c_comment, shortened

ABI_VERSION = 1
_CALLED = {"PULLS": "input", "PUSHES": "output"}
"""Macros by which C knows which functions there are."""
_HELPERS = (DType.INT8, DType.UINT8, DType.INT16)


def header_text(
    banner: str,
    prefix: str,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    arenas: tuple[Arena, ...],
    arena_align: int,
    *,
    state: tuple[StateSlot, ...] = (),
    state_bytes: int = 0,
    stops: bool = False,
    constants: Sequence[ConstantArray] = (),
) -> str:
    """Guard, sizes, shapes, quantization, quantize/dequantize helpers, and the functions."""
    upper = prefix.upper()
    names = [f"arena{one.suffix}" for one in arenas]
    parts = [
        banner,
        f"#ifndef {upper}_H\n#define {upper}_H\n\n#include <stddef.h>\n#include <stdint.h>\n",
        '#ifdef __cplusplus\nextern "C" {\n#endif\n',
        f"#define {upper}_ABI_VERSION {ABI_VERSION}\n",
        _arenas(upper, arenas, arena_align),
        _memories(prefix, arenas, constants),
    ]
    for kind, ports in (("INPUT", inputs), ("OUTPUT", outputs)):
        parts.append(f"#define {upper}_{kind}_COUNT {len(ports)}\n")
        parts.extend(_port(f"{upper}_{kind}{index}", port) for index, port in enumerate(ports))
    by_rows = any(port.row_bytes for port in (*inputs, *outputs))
    apart = " or comes by rows" if by_rows else ""
    where = c_comment(
        f"Where input and output `index` lie in the arena; NULL for an index that does not exist{apart}.",
        "Inputs are overwritten by an inference: write all of them before each one.",
    )
    parts.append(
        f"{where}\n"
        f"void *{prefix}_input({arena_parameters(names)}, int index);\n"
        f"const void *{prefix}_output({arena_parameters(names, 'const ')}, int index);\n"
    )
    row_parameter = f", const {prefix}_rows_t *rows" if by_rows else ""
    if by_rows:
        parts.append(_row_calls(prefix, inputs, outputs))
    if state_bytes:
        parts.append(_state(prefix, state, state_bytes))
        first = (
            "One inference, from inputs to outputs, which reads and writes "
            "the state. Returns 0, or 1 when the"
        )
        second = "arena is NULL or misaligned or the state NULL"
        lines: tuple[str, ...] = (first, f"{second}.")
        if stops:
            waits = "the inputs in but has no result yet: the outputs hold nothing then."
            lines = (first, f"{second}; 2 when it took", waits)
        parts.append(
            f"{c_comment(*lines)}\nint {prefix}_invoke({arena_parameters(names)}, {prefix}_state_t *state"
            f"{row_parameter});\n"
        )
    else:
        parts.append(
            "/* One inference, from inputs to outputs. Returns 0, or 1 when "
            "the arena is NULL or misaligned. */\n"
            f"int {prefix}_invoke({arena_parameters(names)}{row_parameter});\n"
        )
    for kind, ports in (("input", inputs), ("output", outputs)):
        parts.extend(_helpers(f"{prefix}_{{verb}}_{kind}{index}", port) for index, port in enumerate(ports))
    parts.append("#ifdef __cplusplus\n}\n#endif\n")
    parts.append(f"#endif {c_comment(f'{upper}_H')}\n")
    return "\n".join(part for part in parts if part)


def arena_parameters(names: Iterable[str], qualifier: str = "") -> str:
    """As the public functions take them."""
    return ", ".join(f"{qualifier}void *{name}" for name in names)


def _arenas(upper: str, arenas: tuple[Arena, ...], align: int) -> str:
    """Sizes, and whose they are."""
    about = [
        "The caller owns the arena: any RAM of this size and alignment. Two models, or two instances of one,",
        "need an arena each while they run; it holds nothing between two inferences.",
    ]
    if len(arenas) > 1:
        about[0] = about[0].replace(
            "the arena: any RAM of this size", "the arenas, one per memory, of this size"
        )
        about[1] = about[1].replace(
            "need an arena each while they run; it holds",
            "need arenas of their own while they run; they hold",
        )
    sizes = [f"#define {upper}_ARENA{one.suffix.upper()}_BYTES {max(one.nbytes, 1)}" for one in arenas]
    text = "\n".join([c_comment(*about), *sizes, f"#define {upper}_ARENA_ALIGN {align}", ""])
    return text + (f"\n{_one_block(upper, arenas)}" if len(arenas) > 1 else "")


def _memories(prefix: str, arenas: tuple[Arena, ...], constants: Sequence[ConstantArray]) -> str:
    """What was planned for which memory, and the macros by which a firmware puts it there."""
    upper = prefix.upper()
    lies: dict[str, list[str]] = {
        one.memory: [f"{upper}_ARENA{one.suffix.upper()}_BYTES"] for one in arenas if one.memory
    }
    homes = [(array.home, len(array.content)) for array in constants if array.home is not None]
    for home in dict.fromkeys(replace(home, kept="") for home, _ in homes):
        nbytes = sum(size for other, size in homes if other.memory == home.memory)
        lies.setdefault(home.memory, []).append(
            f"{nbytes} bytes of constants{f', copied by {prefix}_load' if home.is_ram else ''}"
        )
    for memory in dict.fromkeys(home.kept for home, _ in homes if home.kept):
        nbytes = sum(size for home, size in homes if home.kept == memory)
        lies.setdefault(memory, []).append(f"{nbytes} bytes that {prefix}_load copies")
    if not lies:
        return ""
    macros = {memory: section_macro(prefix, memory) for memory in lies}
    first = next(iter(lies))
    about = c_comment(
        "Planned for these memories:",
        *(f"  {memory}: {', '.join(parts)}" for memory, parts in lies.items()),
        "The macros stand before definitions: of constants here, of arenas in your code. Empty unless",
        f"the compiler is told: -D'{macros[first]}=__attribute__((section(\".{memory_word(first)}\")))'.",
    )
    text = "\n".join(f"#ifndef {macro}\n#define {macro}\n#endif" for macro in macros.values())
    loaded = sum(size for home, size in homes if home.is_ram)
    return f"{about}\n{text}\n" + (_load(prefix, loaded) if loaded else "")


def _load(prefix: str, nbytes: int) -> str:
    about = c_comment(
        "Copies constants from flash to the RAM where inferences read them: once after start-up, before",
        "anything else here. That RAM is the model's from then on, for all of its instances.",
    )
    return f"\n{about}\n#define {prefix.upper()}_LOADED_BYTES {nbytes}\nvoid {prefix}_load(void);\n"


def _one_block(upper: str, arenas: tuple[Arena, ...]) -> str:
    """For whoever has no such memories: tests, another board."""
    sizes = [-(-one.nbytes // ARENA_ALIGN) * ARENA_ALIGN for one in arenas]
    starts = accumulate(sizes[:-1])
    further = "".join(f", ((uint8_t *)(block) + {start})" for start in starts)
    about = c_comment(
        "All arenas in one block of RAM, one behind the other, where that is enough; as arguments:",
        f"invoke({upper}_ARENAS(block)).",
    )
    return (
        f"{about}\n#define {upper}_ARENAS_BYTES {sum(sizes)}\n"
        f"#define {upper}_ARENAS(block) (block){further}\n"
    )


def _state(prefix: str, slots: tuple[StateSlot, ...], nbytes: int) -> str:
    """The struct, what lies where in it, and what brings it to its start."""
    size = 8 if any(slot.dtype.itemsize == 8 for slot in slots) else 4
    held = [f"  {slot.offset:>6}  {slot.dtype.ctype}[{slot.count}]  {slot.name}" for slot in slots]
    kept = [slot for slot in slots if slot.survives]
    but = ", but for what has to happen once only:", "to start from the beginning, call init."
    about = c_comment(
        "What the model remembers from one inference to the next. The caller owns it and gives it to each",
        "inference; two instances of the model need one each. By offset in bytes:",
        *held,
    )
    forgets = (
        c_comment(f"Forgets what came before{but[0]}", but[1])
        if kept
        else c_comment("Forgets what came before.")
    )
    return f"""{about}
#define {prefix.upper()}_STATE_BYTES {nbytes}

typedef struct {{
    uint{8 * size}_t words[{nbytes // size}];
}} {prefix}_state_t;

/* Before the first inference. */
void {prefix}_init({prefix}_state_t *state);

{forgets}
void {prefix}_reset({prefix}_state_t *state);
"""


def _row_calls(prefix: str, inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """The struct of the caller's functions."""
    pulls = "    int (*pull)(void *context, int input, int first, int count, void *target);\n"
    pushes = "    int (*push)(void *context, int output, int first, int count, const void *source);\n"
    taken = {
        "input": any(port.row_bytes for port in inputs),
        "output": any(port.row_bytes for port in outputs),
    }
    about = c_comment(
        "What has ROW_BYTES does not lie in the arena:",
        "an inference calls for its rows, each once and in order, `count` of them from row `first` on:",
        *(["pull writes those of an input to `target`,"] if taken["input"] else []),
        *(["push takes those of an output from `source`,"] if taken["output"] else []),
        "and returns 0. Anything else, for a row that failed or came too late, ends the inference, which",
        "then returns 3: its outputs hold nothing, the next one begins anew. `context` is the caller's own.",
    )
    upper = prefix.upper()
    says = "".join(f"#define {upper}_{word}\n" for word, end in _CALLED.items() if taken[end])
    members = (pulls if taken["input"] else "") + (pushes if taken["output"] else "")
    return f"{about}\n{says}\ntypedef struct {{\n{members}    void *context;\n}} {prefix}_rows_t;\n"


def _port(name: str, port: Port) -> str:
    shape = ", ".join(str(size) for size in port.shape)
    sizes = " x ".join(str(size) for size in port.shape) or "1"
    lines = [
        c_comment(f"{shortened(port.name)}: {port.dtype.ctype}[{sizes}]"),
        f"#define {name}_BYTES {port.nbytes}",
        *([f"#define {name}_ROW_BYTES {port.row_bytes}"] if port.row_bytes else []),
        f"#define {name}_ELEMENTS {port.nbytes // port.dtype.itemsize}",
        f"#define {name}_RANK {len(port.shape)}",
        f"#define {name}_SHAPE {{{shape or '1'}}}",
    ]
    if port.quant is not None:
        lines += [
            f"#define {name}_SCALE {float_literal(port.quant.scale)}",
            f"#define {name}_ZERO_POINT ({port.quant.zero_point})",
        ]
    return "\n".join(lines) + "\n"


def _helpers(pattern: str, port: Port) -> str:
    """`<prefix>_quantize_input0(float)` and `<prefix>_dequantize_input0(stored)`."""
    if port.quant is None or port.dtype not in _HELPERS:
        return ""
    low, high = dtype_range(port.dtype)
    scale, zero = float_literal(port.quant.scale), port.quant.zero_point
    ctype = port.dtype.ctype
    # Bounds are compared as floats before the conversion to int, so that no value overflows it; NaN gives
    # `low`.
    low_f, high_f = (float_literal(float(bound - zero)) for bound in (low, high))
    return f"""/* Nearest stored value, ties away from zero, saturating. */
static inline {ctype} {pattern.format(verb="quantize")}(float real) {{
    const float scaled = real / {scale};
    if (!(scaled > {low_f})) {{
        return ({ctype})({low});
    }}
    if (scaled >= {high_f}) {{
        return ({ctype})({high});
    }}
    return ({ctype})((int32_t)(scaled < 0.0f ? scaled - 0.5f : scaled + 0.5f) + ({zero}));
}}

static inline float {pattern.format(verb="dequantize")}({ctype} stored) {{
    return (float)((int32_t)stored - ({zero})) * {scale};
}}
"""
