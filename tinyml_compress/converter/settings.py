"""What a conversion is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tinyml_compress.errors import UsageError


class Mode(Enum):
    """Number format of the converted file. The value is the CLI's word."""

    INT8 = "int8"
    INT16X8 = "int16x8"
    DYNAMIC = "dynamic"
    FLOAT16 = "float16"
    FLOAT32 = "float32"

    @property
    def full_integer(self) -> bool:
        """Whether every operator has to be integer."""
        return self in (Mode.INT8, Mode.INT16X8)


class Io(Enum):
    """Type of inputs and outputs."""

    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    FLOAT32 = "float32"


_IO_OF = {
    Mode.INT8: (Io.INT8, Io.UINT8, Io.FLOAT32),
    Mode.INT16X8: (Io.INT16, Io.FLOAT32),
    Mode.DYNAMIC: (Io.FLOAT32,),
    Mode.FLOAT16: (Io.FLOAT32,),
    Mode.FLOAT32: (Io.FLOAT32,),
}


@dataclass(frozen=True)
class ConvertSettings:
    """Checked on creation."""

    mode: Mode = Mode.INT8
    io: Io | None = None
    """None: what belongs to the mode."""
    per_tensor_dense: bool = False
    """One scale per Dense kernel instead of one per output; smaller tables, a little less accurate."""
    allow_float: bool = False
    """Let operators that have no integer form stay float."""
    timeout: float = 900.0
    """Seconds that the converter may take."""
    wide: tuple[str, ...] = ()
    """With int8: layers, by name pattern, whose activations stay int16."""
    weight_bits: int = 8
    """With int8: 4 packs the weights of convolutions and dense layers two to a byte."""

    def __post_init__(self) -> None:
        allowed = _IO_OF[self.mode]
        if self.io is not None and self.io not in allowed:
            raise UsageError(
                "inputs and outputs cannot have this type",
                which=f"--io {self.io.value} with --mode {self.mode.value}",
                allowed=", ".join(io.value for io in allowed),
            )
        if self.wide and self.mode is not Mode.INT8:
            raise UsageError(
                "only an int8 model can keep some layers in int16x8",
                which=f"--mode {self.mode.value}",
                found=self.wide,
            )
        if self.weight_bits not in (4, 8) or (
            self.weight_bits == 4 and (self.mode is not Mode.INT8 or self.wide)
        ):
            raise UsageError(
                "weights cannot have so many bits",
                which=f"weight_bits {self.weight_bits} with --mode {self.mode.value}",
                found=f"wide layers {', '.join(self.wide)}" if self.wide else "",
                allowed="8, or 4 with mode int8 and no wide layers",
            )
        if self.per_tensor_dense and not self.mode.full_integer:
            raise UsageError(
                "per-tensor Dense needs a full-integer mode",
                which=f"--per-tensor-dense with --mode {self.mode.value}",
                allowed="--mode int8 or int16x8",
            )

    @property
    def port_type(self) -> Io:
        """The type that inputs and outputs get."""
        return self.io if self.io is not None else _IO_OF[self.mode][0]
