"""LSTM, GRU and RNN, unrolled: each step of time is products and sums of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx.call import Builder, OnnxCall
from tinyml_compress.converter.onnx.values import OnnxValue

_MOST_STEPS = 512
"""Beyond, the unrolled file is of no use."""
_State = tuple[Any, ...]
_Step = Callable[[Any, _State], _State]


def _activation(call: OnnxCall, name: str) -> Callable[[Any], Any]:
    tf = call.tf
    known = {"sigmoid": tf.sigmoid, "tanh": tf.tanh, "relu": tf.nn.relu}
    if name.lower() not in known:
        raise call.refused(f"activation {name}", ", ".join(known))
    chosen: Callable[[Any], Any] = known[name.lower()]
    return chosen


def _activations(call: OnnxCall, defaults: Sequence[str], direction: int) -> list[Callable[[Any], Any]]:
    names = [bytes(name).decode(errors="replace") for name in call.attribute("activations") or ()]
    mine = names[direction * len(defaults) : (direction + 1) * len(defaults)] or list(defaults)
    return [_activation(call, name) for name in mine]


def _recurrent(states: int, step: Callable[[OnnxCall, int], _Step]) -> Builder:
    """Of so many states, the first of which is the output."""

    def builder(call: OnnxCall) -> list[OnnxValue]:
        tf, x = call.tf, call.plain(0)
        by_batch = bool(call.attribute("layout", 0))
        if by_batch:
            x = tf.transpose(x, [1, 0, 2])
        time, batch, _ = (int(size) for size in x.shape)
        if time > _MOST_STEPS:
            raise call.refused(f"{time} steps of time", f"{_MOST_STEPS}")
        lengths = call.numbers(4) if call.has(4) else [time] * batch
        if any(length != time for length in lengths):
            raise call.refused(f"sequences of {lengths} steps", f"all of {time}")
        if call.attribute("clip") is not None:
            raise call.refused("clip", "no clip")
        way = call.text("direction", "forward")
        ways = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[way]
        hidden = int(call.attribute("hidden_size") or call.raw(2).shape[-1])
        rows: list[list[Any]] = []
        ends: list[_State] = []
        for direction, backwards in enumerate(ways):
            first = [_first(call, 5 + index, direction, batch, hidden, by_batch) for index in range(states)]
            outputs, end = _run(call, step(call, direction), x, tuple(first), backwards)
            rows.append(outputs)
            ends.append(end)
        y = tf.stack([tf.stack(outputs) for outputs in rows], 1)  # (time, directions, batch, hidden)
        last = [tf.stack([end[index] for end in ends]) for index in range(states)]
        if by_batch:
            y, last = tf.transpose(y, [2, 0, 1, 3]), [tf.transpose(one, [1, 0, 2]) for one in last]
        return [OnnxValue.of(tensor) for tensor in (y, *last)][: len(call.node.outputs)]

    return builder


def _first(call: OnnxCall, index: int, direction: int, batch: int, hidden: int, by_batch: bool) -> Any:
    if not call.has(index):
        return np.zeros((batch, hidden), np.float32)
    state = call.plain(index)
    return state[:, direction] if by_batch else state[direction]


def _run(call: OnnxCall, step: _Step, x: Any, state: _State, backwards: bool) -> tuple[list[Any], _State]:
    time = int(x.shape[0])
    outputs: list[Any] = [None] * time
    for at in reversed(range(time)) if backwards else range(time):
        state = step(x[at], state)
        outputs[at] = state[0]
    return outputs, state


def _weights(call: OnnxCall, direction: int) -> tuple[Any, Any, Any, Any]:
    """Of the input and of the state, each (inputs, gates * hidden), and both biases."""
    w, r = call.plain(1)[direction], call.plain(2)[direction]
    size = int(r.shape[0])
    bias = call.plain(3)[direction] if call.has(3) else np.zeros(2 * size, np.float32)
    turned = [one.T if isinstance(one, np.ndarray) else call.tf.transpose(one) for one in (w, r)]
    return turned[0], turned[1], bias[:size], bias[size:]


def _lstm(call: OnnxCall, direction: int) -> _Step:
    tf = call.tf
    f, g, h = _activations(call, ("sigmoid", "tanh", "tanh"), direction)
    w, r, bw, br = _weights(call, direction)
    hidden = int(r.shape[0])
    peepholes = call.plain(7)[direction] if call.has(7) else None
    if call.attribute("input_forget", 0):
        raise call.refused("input_forget", "separate gates")

    def step(x: Any, state: _State) -> _State:
        before, cell = state
        sums = tf.matmul(x, w) + tf.matmul(before, r) + (bw + br)
        i, o, forget, new = tf.split(sums, 4, -1)
        if peepholes is not None:
            pi, po, pf = peepholes[:hidden], peepholes[hidden : 2 * hidden], peepholes[2 * hidden :]
            i, forget = i + pi * cell, forget + pf * cell
        cell = f(forget) * cell + f(i) * g(new)
        o = o + po * cell if peepholes is not None else o
        return f(o) * h(cell), cell

    return step


def _gru(call: OnnxCall, direction: int) -> _Step:
    tf = call.tf
    f, g = _activations(call, ("sigmoid", "tanh"), direction)
    w, r, bw, br = _weights(call, direction)
    hidden = int(r.shape[0])
    after = bool(call.attribute("linear_before_reset", 0))

    def step(x: Any, state: _State) -> _State:
        (before,) = state
        of_input = tf.matmul(x, w) + bw
        of_state = tf.matmul(before, r[:, : 2 * hidden]) + br[: 2 * hidden]
        z, reset = tf.split(f(of_input[:, : 2 * hidden] + of_state), 2, -1)
        new, own = of_input[:, 2 * hidden :], r[:, 2 * hidden :]
        if after:
            new = g(new + reset * (tf.matmul(before, own) + br[2 * hidden :]))
        else:
            new = g(new + tf.matmul(reset * before, own) + br[2 * hidden :])
        return (new + z * (before - new),)

    return step


def _rnn(call: OnnxCall, direction: int) -> _Step:
    (f,) = _activations(call, ("tanh",), direction)
    w, r, bw, br = _weights(call, direction)

    def step(x: Any, state: _State) -> _State:
        return (f(call.tf.matmul(x, w) + call.tf.matmul(state[0], r) + (bw + br)),)

    return step


OPERATORS: dict[str, Builder] = {
    "LSTM": _recurrent(2, _lstm),
    "GRU": _recurrent(1, _gru),
    "RNN": _recurrent(1, _rnn),
}
