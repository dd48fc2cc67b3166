"""Files whose data lies behind their tables, as newer converters write them, with it inside: runtimes that
know no other place read such constants as nothing, and say nothing.
"""

from __future__ import annotations

import struct

import tflite
from flatbuffers.number_types import UOffsetTFlags

from tinyml_compress.errors import ModelError
from tinyml_compress.formats.flat import decode, decoding

_ALIGNED = 16
"""Bytes that data begins on a multiple of: kernels load whole vectors."""
_TABLE = struct.Struct("<HHHxxiI")
"""Of a buffer with data alone: the size of its list of fields and its own, where the field lies, two bytes so
that the table begins at a multiple of four; then the table: back to the list, and on to the data.
"""


def inside(file: bytes) -> bytes:
    """The same file where nothing lies outside, else one with the same tables and the data among them; a
    file that we cannot read stays as it is, and whoever takes it says why it is none.
    """
    try:
        buffers = decode(file).buffers
    except ModelError:
        return file
    places = [number for number, buffer in enumerate(buffers) if buffer.external]
    if not places:
        return file
    with decoding("list of buffers"):
        model = tflite.Model.GetRootAs(file, 0)
        slot = model._tab.Vector(model._tab.Offset(12))
        begins = [model.Buffers(number).Offset() for number in places]
    whole = bytearray(file[: min(begins)])
    for number in places:
        data = buffers[number].data.tobytes()
        whole += bytes(-len(whole) % 4)
        table = len(whole) + 8  # behind the list of fields
        entry = slot + 4 * number
        vector = -(-(table + 12) // _ALIGNED) * _ALIGNED - 4
        whole += _TABLE.pack(6, 8, 4, 8, vector - (table + 4))
        whole += bytes(vector - len(whole)) + struct.pack("<I", len(data)) + data
        struct.pack_into(UOffsetTFlags.packer_type.format, whole, entry, table - entry)
    return bytes(whole)
