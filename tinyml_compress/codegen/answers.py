"""From the samples of a whole recording to the scores of every step: front end and net as one program, which
runs on this host and on emulated boards like any other.
"""

from __future__ import annotations

from pathlib import Path

from tinyml_compress.codegen.emit import base_text
from tinyml_compress.codegen.front_end import ring_bytes
from tinyml_compress.frontends.preprocessing import StreamForm
from tinyml_compress.ir import Buffer, DType, MemoryPlan, Port, Program
from tinyml_compress.support.templating import filled

_TEMPLATE = Path(__file__).parent / "frontend_files" / "answers.c"
_MARGIN = 64
"""For what C aligns inside the struct."""


def frames_at_once(net: Program, form: StreamForm) -> int:
    """Of a model's input."""
    port = net.inputs[0]
    return port.nbytes // (port.dtype.itemsize * form.values)


def steps_of(net: Program, form: StreamForm, samples: int, every: int, first: int) -> int:
    """Inferences on so many samples, the first one at the frame `first`, counted from 1."""
    frames = 0 if samples < form.frame_samples else 1 + (samples - form.frame_samples) // form.hop
    return max(0, 1 + (frames - first) // every) if frames >= first else 0


def answers_program(
    net: Program, front: Program, form: StreamForm, samples: int, every: int, first: int
) -> Program:
    """Samples in; scores of every step and their number out. Pure."""
    name, output = net.prefix, net.outputs[0]
    steps = steps_of(net, form, samples, every, first)
    scores_at = _aligned(2 * samples, net.arena_align)
    answers_at = _aligned(scores_at + max(steps, 1) * output.nbytes, net.arena_align)
    all_at = answers_at + net.arena_align
    rows = net.inputs[0].nbytes
    nbytes = all_at + sum(
        (net.arena_bytes, net.state_bytes, front.arena_bytes, ring_bytes(form), rows, _MARGIN)
    )
    state = net.state_bytes > 0
    upper = name.upper()
    facts = {
        "arena": f"({upper}_ARENA_BYTES)",
        "state": f"{name}_state_t state;" if state else "",
        "start": f"{name}_init(&all->state);" if state else "",
        "arguments": "all->arena, &all->state" if state else "all->arena",
        "type": net.inputs[0].dtype.ctype,
        "score": output.dtype.ctype,
        "scores": str(output.nbytes // output.dtype.itemsize),
        "scores_at": str(scores_at),
        "answers_at": str(answers_at),
        "all_at": str(all_at),
        "samples": f"{samples}u",
        "first": str(first),
        "every": str(every),
    }
    body = filled(_TEMPLATE.read_text(encoding="utf-8"), name, facts)
    prefix = f"{name}_answers"
    head = f'#include "{name}.h"\n#include "{front.prefix}.h"\n'
    base = base_text(prefix.upper(), body, frozenset())
    shape = (max(steps, 1), *output.shape)
    return Program(
        prefix=prefix,
        files={**net.files, **front.files, f"{prefix}.c": "\n".join([head, base, body])},
        model_sha256=net.model_sha256,
        arena_align=net.arena_align,
        inputs=(Port("samples", (samples,), DType.INT16, None, 0, 2 * samples),),
        outputs=(
            Port(output.name, shape, output.dtype, output.quant, scores_at, max(steps, 1) * output.nbytes),
            Port("answers", (1,), DType.INT32, None, answers_at, 4),
        ),
        nodes=(),
        plan=MemoryPlan(nbytes, nbytes, {"all": Buffer(0, nbytes, -1, 1)}, {}, {}),
        weight_bytes=net.weight_bytes,
        table_bytes=net.table_bytes,
    )


def _aligned(size: int, align: int) -> int:
    return -(-size // align) * align
