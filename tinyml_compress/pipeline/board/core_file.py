"""A board of one's own as files: like another one, with a core whose costs were fitted to it."""

from __future__ import annotations

import re
from pathlib import Path

from tinyml_compress.devices import Device
from tinyml_compress.errors import UsageError
from tinyml_compress.pipeline.board.core_costs import FittedCosts
from tinyml_compress.support import files
from tinyml_compress.support.resources import targets_folder

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_COSTS = re.compile(r"^(# --- .*\n)?\[(cost|calibration)\b", re.MULTILINE)
_PRICES = re.compile(r"^price(-source)? = .*\n", re.MULTILINE)
_FLASH = re.compile(r"^\[\[flash\]\]\n(?:(?!\[).*\n?)*", re.MULTILINE)
_SOURCE = "measure --fit-core, on this board"


def board_name(path: Path) -> str:
    """The board that a file describes."""
    if path.suffix != ".toml" or not _NAME.fullmatch(path.stem):
        raise UsageError(
            "not a board's file",
            which=path,
            allowed="small letters, digits and hyphens, then .toml: my-board.toml",
        )
    return path.stem


def write_board(
    path: Path, place: Device, fitted: FittedCosts, programs: int, targets_dir: Path | None
) -> tuple[Path, Path]:
    """The board's file and its core's, both whole."""
    name = board_name(path)
    core = f"{place.core.name}-{name}"
    core_path = path.parent / "cores" / f"{core}.toml"
    files.write_text(core_path, _core(_text(targets_dir, f"cores/{place.core.name}"), fitted, programs, name))
    files.write_text(path, _board(_text(targets_dir, place.name), place, name, core))
    return path, core_path


def _text(targets_dir: Path | None, name: str) -> str:
    """Of a file of `targets`; one in the user's folder wins."""
    folders = [*([] if targets_dir is None else [targets_dir]), targets_folder()]
    path = next(one for folder in folders if (one := folder / f"{name}.toml").is_file())
    return path.read_text(encoding="utf-8")


def _board(text: str, place: Device, name: str, core: str) -> str:
    """The other board's text: with this core, a chip of its own, and the flash by the fitted price."""
    lines = {"core": core, "chip": name, "title": f"{place.title}, as measured: {name}"}
    top, mark, rest = text.partition("\n[")
    for key, value in lines.items():
        top = re.sub(rf'^{key} = ".*"\n?', "", f"{top}\n", flags=re.MULTILINE).rstrip("\n")
        top += f'\n{key} = "{value}"'
    whole = f"{top}\n{mark}{rest}"
    return _FLASH.sub(lambda region: _PRICES.sub("", region[0]), whole)


def _core(text: str, fitted: FittedCosts, programs: int, name: str) -> str:
    """The core's text up to its costs, then those that were fitted."""
    first = _COSTS.search(text)
    head = text if first is None else text[: first.start()]
    table, lines = fitted.table, [f"# --- from here on written by {_SOURCE.partition(',')[0]}"]
    lines += ["[cost.instruction]", f"cycles = {table.instruction:.4g}", f'source = "{_SOURCE}"', ""]
    for kind, extra in table.extra.items():
        lines += [f"[cost.{kind.value}]", f"extra = {extra:.4g}", f'source = "{_SOURCE}"', ""]
    against = (
        f"{programs} calibration programs on this board: twice the root mean square of what each is off by "
        f"when it is left out is {fitted.bar:.1%}, the largest {fitted.largest:.1%}"
    )
    lines += ["[calibration]", "scale = 1.0", f"error = {fitted.bar:g}", "calibrated = true"]
    lines += [f'against = "{against}"', "", "[[calibration.chips]]", f'chip = "{name}"']
    lines += [f"programs = {programs}", "vendors = 1"]
    return head + "\n".join(lines) + "\n"
