"""What surrounds the generated C so that its folder builds as it stands: CMake, a test program, vectors, a
README.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress._version import __version__
from tinyml_compress.codegen.tables import section_macro
from tinyml_compress.ir import Port, Program, memory_word
from tinyml_compress.support.escape import c_comment, markdown_code, shortened
from tinyml_compress.support.templating import filled

_TEMPLATES = Path(__file__).parent / "project_files"
_PER_LINE = 20
_STAGES = {
    "frontend": "What a sensor gives becomes its input by `{0}_frontend.h`, exactly as in training and "
    "calibration: `{0}_frontend_write`, then `{0}_frontend_next`; the header says more.",
    "resampler": "A microphone's samples come to the model's rate by `{0}_resampler.h`: "
    "`{0}_resampler_start`, then `{0}_resampler_run` before `{0}_frontend_write`.",
    "trigger": "Scores become what was heard by `{0}_trigger.h`: `{0}_trigger_init`, then "
    "`{0}_trigger_step` with the output of every inference.",
}
"""What other files do, by their names."""
_FIRST_STAGE = 11
_LOAD = """
Call `tc_model_load()` once after start-up, before anything else of the model: it copies constants to the RAM
that inferences read them from.
"""


@dataclass(frozen=True)
class GoldenVectors:
    """Inputs and the outputs they must give, as bytes: per vector all tensors in order, one
    behind the other.
    """

    inputs: tuple[bytes, ...]
    outputs: tuple[bytes, ...]
    oracle: str
    """Whose outputs they are; stands in the files."""


def project_files(program: Program, vectors: GoldenVectors, more: Sequence[str] = ()) -> dict[str, str]:
    """File name -> text of everything but the model's own source and header. Pure.

    `more` names other files of C that lie beside them.
    """
    facts = {
        "version": __version__,
        "sha256": program.model_sha256,
        "arena": f"{program.arena_bytes:,}",
        "weights": f"{program.weight_bytes:,}",
        "tables": f"{program.table_bytes:,}",
        "inputs": "; ".join(describe_port(port) for port in program.inputs) or "none",
        "outputs": "; ".join(describe_port(port) for port in program.outputs) or "none",
        "oracle": vectors.oracle,
        "frontend": "".join(
            f"{number}. {text.format(program.prefix)}\n"
            for number, text in enumerate(
                (text for word, text in _STAGES.items() if f"{program.prefix}_{word}.h" in more),
                _FIRST_STAGE,
            )
        ),
        **usage(program),
    }
    facts["arenas_inline"] = facts["arenas"].replace("\n", " ")
    sources = "".join(f" {name}" for name in more if name.endswith(".c"))
    return {
        "CMakeLists.txt": _filled("CMakeLists.txt", program.prefix, {"more": sources}),
        "README.md": _filled("readme.txt", program.prefix, facts),
        "main.c": _filled("main.c", program.prefix, {}),
        f"{program.prefix}_test_vectors.h": vectors_header(
            program.prefix, program.model_sha256, program.inputs, program.outputs, vectors
        ),
    }


def usage(program: Program) -> dict[str, str]:
    """How the arenas are defined and given, and notes for the linker where memories were named."""
    upper = program.prefix.upper()
    lines = []
    for one in program.arenas:
        section = f"{section_macro(program.prefix, one.memory)} " if one.memory else ""
        size = f"{upper}_ARENA{one.suffix.upper()}_BYTES"
        aligned = f"__attribute__((aligned({upper}_ARENA_ALIGN)))"
        lines.append(f"static {section}uint8_t arena{one.suffix}[{size}] {aligned};")
    block = c_comment(f"of {upper}_SELFTEST_ARENA_BYTES")
    return {
        "arenas": "\n".join(lines),
        "arguments": ", ".join(f"arena{one.suffix}" for one in program.arenas),
        **_calls(program, ", ".join(f"arena{one.suffix}" for one in program.arenas)),
        "block": "arena" if len(program.arenas) == 1 else f"block {block}",
        "memories": _memories(program),
    }


def _calls(program: Program, arguments: str) -> dict[str, str]:
    """How inputs are given and outputs taken: through the arena, or by rows."""
    name = program.prefix
    pulls, pushes = (any(port.row_bytes for port in ends) for ends in (program.inputs, program.outputs))
    write = f"memcpy({name}_input({arguments}, 0), data, {name.upper()}_INPUT0_BYTES);"
    read = f"const void *result = {name}_output({arguments}, 0);"
    functions = [*(["pull"] if pulls else []), *(["push"] if pushes else []), "NULL"]
    rows = f"const {name}_rows_t rows = {{{', '.join(functions)}}};"
    by_rows = f"`{rows}`, as `{name}.h` says: the last one is your functions' context."
    given = f"{write} /* all inputs, before every call */"
    if pulls or pushes:
        given = f"{rows} /* functions of yours, and their context */" + ("" if pulls else f"\n{given}")
    return {
        "given": given,
        "given_inline": f"Give the inputs by rows: {by_rows}"
        if pulls
        else f"Write the inputs, before every call: `{write}`" + (f" Take rows: {by_rows}" if pushes else ""),
        "rows": ", &rows" if pulls or pushes else "",
        "fails": "a row failed, or the arena is NULL or misaligned"
        if pulls or pushes
        else "the arena is NULL or misaligned",
        "result": "/* push has taken the outputs */" if pushes else read,
        "result_inline": "The outputs went through `push`." if pushes else f"Read the outputs: `{read}`",
    }


def _memories(program: Program) -> str:
    homes = [array.home for array in program.constants if array.home is not None]
    names = dict.fromkeys(
        name
        for name in (
            *(one.memory for one in program.arenas),
            *(home.memory for home in homes),
            *(home.kept for home in homes),
        )
        if name
    )
    if not names:
        return ""
    rows = "\n".join(_memory_row(program, name) for name in names)
    text = (_TEMPLATES / "memories.txt").read_text(encoding="utf-8")
    first = next(iter(names))
    facts = {
        "rows": rows,
        "macro": section_macro(program.prefix, first),
        "section": f".{memory_word(first)}",
        "word": memory_word(first).upper(),
        "load": _LOAD.replace("tc_model", program.prefix) if program.loaded else "",
    }
    return "\n\n" + filled(text, program.prefix, facts).rstrip("\n")


def _memory_row(program: Program, name: str) -> str:
    arena = sum(one.nbytes for one in program.arenas if one.memory == name)
    homes = [(array.home, len(array.content)) for array in program.constants if array.home is not None]
    constants = sum(size for home, size in homes if home.memory == name)
    kept = sum(size for home, size in homes if home.kept == name)
    parts = ((arena, "tensors"), (constants, "constants"), (kept, "constants that are copied to RAM"))
    lies = ", ".join(f"{size:,} B of {what}" for size, what in parts if size)
    return f"| {name} | {lies} | `{section_macro(program.prefix, name)}` |"


def _filled(template: str, prefix: str, facts: dict[str, str]) -> str:
    return filled((_TEMPLATES / template).read_text(encoding="utf-8"), prefix, facts)


def describe_port(port: Port) -> str:
    """An input or output in words, for a README."""
    shape = " x ".join(str(size) for size in port.shape) or "1"
    return f"{markdown_code(shortened(port.name))} {port.dtype.ctype}[{shape}], {port.nbytes:,} B"


def vectors_header(
    prefix: str, model_sha256: str, inputs: Sequence[Port], outputs: Sequence[Port], vectors: GoldenVectors
) -> str:
    """The golden vectors as C arrays."""
    upper = prefix.upper()
    return "\n".join(
        [
            c_comment(
                f"Golden vectors of {prefix}, made by tinyml_compress {__version__}; do not edit.",
                f"model sha256 {model_sha256}",
                f"Expected outputs: {vectors.oracle}.",
                "Little-endian bytes, one tensor behind the other.",
            ),
            f"#ifndef {upper}_TEST_VECTORS_H",
            f"#define {upper}_TEST_VECTORS_H",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            f"#define {upper}_VECTOR_COUNT {len(vectors.inputs)}",
            "",
            _sizes(f"{prefix}_input_bytes", (port.nbytes for port in inputs)),
            _sizes(f"{prefix}_output_bytes", (port.nbytes for port in outputs)),
            *(
                _sizes(f"{prefix}_{end}_row_bytes", (port.row_bytes for port in ports))
                for end, ports in (("input", inputs), ("output", outputs))
                if any(port.row_bytes for port in ports)
            ),
            _bytes(f"{prefix}_vector_inputs", vectors.inputs),
            _bytes(f"{prefix}_vector_outputs", vectors.outputs),
            "#endif",
            "",
        ]
    )


def _sizes(name: str, numbers: Iterable[int]) -> str:
    sizes = list(map(str, numbers)) or ["0"]
    return f"static const size_t {name}[{len(sizes)}] = {{{', '.join(sizes)}}};\n"


def _bytes(name: str, rows: Sequence[bytes]) -> str:
    """A table of bytes; C has no empty arrays, so nothing at all is one byte that nobody reads."""
    rows = [row or b"\0" for row in rows] or [b"\0"]
    parts = [f"static const uint8_t {name}[{len(rows)}][{len(rows[0])}] = {{"]
    for row in rows:
        lines = (row[at : at + _PER_LINE] for at in range(0, len(row), _PER_LINE))
        parts += [
            "    {",
            *("        " + " ".join(f"0x{byte:02x}," for byte in line) for line in lines),
            "    },",
        ]
    return "\n".join([*parts, "};", ""])
