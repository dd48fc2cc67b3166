"""Every way to write a wrong device or core file ends in one ConfigError that names file, place and what is
allowed.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tinyml_compress.devices import Device, flags, list_devices, load_core, load_device
from tinyml_compress.errors import ConfigError, UsageError
from tinyml_compress.support.resources import targets_folder

DEVICE = (targets_folder() / "bluepill-f103c8.toml").read_text()
CORE = (targets_folder() / "cores" / "cortex-m3.toml").read_text()
SECOND_RAM = '[[ram]]\nname = "more"\naddress = {}\nbytes = {}\nwhat = "x"\nsource = "x"\n'


def device_error(folder: Path, text: str) -> str:
    (folder / "board.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_device("board", folder)
    assert caught.value.exit_code == 2
    return str(caught.value)


def core_error(folder: Path, text: str) -> str:
    (folder / "cores").mkdir()
    (folder / "cores" / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_core("mine", folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ("clock-mhz = 72\n", "clock_mhz = 72\n", ["board.toml: clock-mhz", "missing key", "clock_mhz"]),
        ("clock-mhz = 72\n", 'clock-mhz = "72"\n', ["wrong type", "'72'", "a number"]),
        ("clock-mhz = 72\n", "clock-mhz = true\n", ["wrong type", "True"]),
        ("clock-mhz = 72\n", "clock-mhz = 0\n", ["out of range", "0.001 to 5000"]),
        ("clock-mhz = 72\n", "clock-mhz = -72\n", ["out of range"]),
        ("clock-mhz = 72\n", "clock-mhz = nan\n", ["out of range", "nan"]),
        ("clock-mhz = 72\n", "clock-mhz = inf\n", ["out of range", "inf"]),
        ("clock-mhz = 72\n", "clock-mhz = 72\ncolour = 1\n", ["unknown key", "colour"]),
        (
            "clock-mhz = 72\n",
            "clock-mhz = 72\ntoolchains = 'zig'\n",
            ["unknown key", "did you mean toolchain?"],
        ),
        ("clock-mhz = 72\n", "clock-mhz = 72\ntoolchain = 'zip'\n", ["unknown word", "did you mean zig?"]),
        ("clock-mhz = 72\n", "clock-mhz = 72\nflags = '-O3'\n", ["wrong type", "a list of texts"]),
        ("clock-mhz = 72\n", "clock-mhz = 72\nflags = [1]\n", ["wrong type", "a list of texts"]),
        ("clock-mhz = 72\n", "clock-mhz = 72\nkind = 'bord'\n", ["did you mean board?"]),
        ('core = "cortex-m3"\n', 'core = "cortex-m3x"\n', ["unknown core", "did you mean cortex-m3?"]),
        ('core = "cortex-m3"\n', "core = 3\n", ["wrong type", "a text"]),
        ('title = "Blue Pill (STM32F103C8)"\n', 'title = ""\n', ["may not be empty", "title"]),
        ("https://www.st.com/", "www.st.com/", ["not a web address"]),
        ("stack-bytes = 2048", "stack-bytes = 100", ["out of range", "limits.stack-bytes"]),
        ("stack-bytes = 2048", "stack-bytes = 2047", ["multiples of 8"]),
        ("stack-bytes = 2048", "stack-bytes = 20480", ["nothing is left of the RAM"]),
        ("stack-bytes = 2048", "reserved-flash-bytes = 65536", ["nothing is left of the flash"]),
        ("stack-bytes = 2048", "engines = []", ["at least one"]),
        ("stack-bytes = 2048", "engines = ['aotx']", ["did you mean aot?"]),
        ("stack-bytes = 2048", "stack_bytes = 2048", ["unknown key", "did you mean stack-bytes?"]),
        ("address = 0x20000000", "address = -1", ["out of range", "ram[0].address"]),
        ("address = 0x20000000", "address = 0x100000000", ["out of range"]),
        ("address = 0x20000000", "address = 0xFFFFF000", ["beyond the 32-bit address space"]),
        ("address = 0x20000000", "address = 0x20000001", ["multiples of 8"]),
        ("address = 0x20000000", "address = 0x08000000", ["regions overlap", "flash", "sram"]),
        ("address = 0x20000000", "address = 536870912.0", ["wrong type", "a whole number"]),
        ("bytes = 0x00005000", "bytes = 0", ["out of range"]),
        ("bytes = 0x00005000", "byte = 0x00005000", ["missing key", "byte, which is no key"]),
        ("[[ram]]", "[ram]", ["wrong type", "[[ram]]"]),
        ("[[ram]]", "[[rom]]", ["missing key", "ram"]),
        ("[sources]", "[source]", ["missing key", "sources"]),
        ('clock-mhz = "STM32', 'clock = "STM32', ["missing key", "sources.clock-mhz"]),
        ("[sources]", "[sources", ["not a TOML file", "board.toml"]),
        ("[sources]", "[sources]\ncore = 'twice'", ["not a TOML file"]),
    ],
)
def test_device(tmp_path: Path, found: str, put: str, words: list[str]) -> None:
    assert found in DEVICE
    message = device_error(tmp_path, DEVICE.replace(found, put))
    for word in [*words, "board.toml"]:
        assert word in message


@pytest.mark.parametrize("text", ["", "\x00", "= 3", "[a]\n[a]", "x = 99999999999999999999999"])
def test_rubbish(tmp_path: Path, text: str) -> None:
    assert "board.toml" in device_error(tmp_path, text)


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_bytes(b"title = '\xff\xfe'\n")
    with pytest.raises(ConfigError, match="not a TOML file"):
        load_device("board", tmp_path)


def test_two_regions_overlap_or_share_a_name(tmp_path: Path) -> None:
    assert "overlap" in device_error(tmp_path, DEVICE + SECOND_RAM.format("0x20004000", 4096))
    named = SECOND_RAM.replace("more", "flash").format("0x20005000", 4096)
    assert "one name" in device_error(tmp_path, DEVICE + named)


def test_a_name_must_be_a_make_goal(tmp_path: Path) -> None:
    (tmp_path / "My_Board.toml").write_text(DEVICE)
    with pytest.raises(ConfigError, match="make goal"):
        load_device("My_Board", tmp_path)


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ('isa = "armv7-m"', 'isa = "armv7m"', ["did you mean armv7-m?"]),
        ('kernels = ["c"]', 'kernels = ["dsp"]', ["unknown word", "dsp", "allowed: c"]),
        (
            'isa = "armv7-m"\nkernels = ["c"]',
            'isa = "armv7e-m"\nkernels = ["dsp"]',
            ["its instruction sets include", "c, dsp"],
        ),
        ('kernels = ["c"]', 'kernels = ["c", "c"]', ["each word once"]),
        ('kernels = ["c"]', 'kernels = ["neon"]', ["unknown word", "neon"]),
        ("fpu = false", "fpu = 0", ["wrong type", "true or false"]),
        ("[compiler]\n", "[compiler]\nicc = []\n", ["unknown key", "icc"]),
        ('unicorn = "cortex-m3"', 'unicorn = "cortex-m33x"', ["did you mean cortex-m33?"]),
        ('unaligned-faults = "pairs"', 'unaligned-faults = "pair"', ["did you mean pairs?"]),
        ("[cost.divide]\nextra = 6", "[cost.divide]\nextra = -6", ["out of range", "cost.divide.extra"]),
        ("[cost.divide]\nextra = 6", "[cost.divide]\nextra = 'six'", ["wrong type"]),
        ("[cost.divide]\n", "[cost.divides]\n", ["unknown key", "did you mean divide?"]),
        (
            "[cost.divide]\n",
            "[cost.instruction]\ncycles = -1\n\n[cost.divide]\n",
            ["cost.instruction.cycles"],
        ),
        ("elsewhere = 0.25", "elsewhere = 3", ["out of range", "calibration.errors.elsewhere"]),
        ("elsewhere = 0.25", "elsewher = 0.2", ["unknown key", "did you mean elsewhere?"]),
        ("float = 0.25", "float = 0.25\n\n[[calibration.chips]]\nchip = 'X'\nprograms = 0", ["programs"]),
        ("scale = 1.0", "scale = 0", ["out of range"]),
        ("error = 0.25", "error = 3", ["out of range"]),
        ("calibrated = false", "calibrated = 'no'", ["wrong type"]),
        ('machine = "mps2-an385"', "machine = 385", ["wrong type"]),
    ],
)
def test_core(tmp_path: Path, found: str, put: str, words: list[str]) -> None:
    assert found in CORE
    message = core_error(tmp_path, CORE.replace(found, put))
    for word in [*words, "mine.toml"]:
        assert word in message


def test_a_core_that_nothing_runs(tmp_path: Path) -> None:
    text = CORE.replace('unicorn = "cortex-m3"\n', "")
    start, end = text.index("[qemu]"), text.index("# --- from here")
    assert "nothing can run this core" in core_error(tmp_path, text[:start] + text[end:])


def test_a_core_without_compiler(tmp_path: Path) -> None:
    text = CORE[: CORE.index("[compiler]")] + "[compiler]\n" + CORE[CORE.index("[emulator]") :]
    assert "no compiler flags" in core_error(tmp_path, text)


def test_a_device_is_added_by_dropping_one_file(tmp_path: Path) -> None:
    (tmp_path / "my-board.toml").write_text(DEVICE.replace("Blue Pill", "My board"))
    added = load_device("my-board", tmp_path)
    assert isinstance(added, Device)
    assert added.title.startswith("My board")
    names = [device.name for device in list_devices(tmp_path)]
    assert "my-board" in names
    assert "bluepill-f103c8" in names
    assert names == sorted(names)


def test_a_users_file_wins(tmp_path: Path) -> None:
    (tmp_path / "bluepill-f103c8.toml").write_text(DEVICE.replace("clock-mhz = 72\n", "clock-mhz = 48\n"))
    mine = load_device("bluepill-f103c8", tmp_path)
    assert isinstance(mine, Device)
    assert mine.clock_hz == 48_000_000


def test_a_users_core(tmp_path: Path) -> None:
    shutil.copytree(targets_folder() / "cores", tmp_path / "cores")
    (tmp_path / "cores" / "own-core.toml").write_text(CORE)
    (tmp_path / "board.toml").write_text(DEVICE.replace('core = "cortex-m3"', 'core = "own-core"'))
    mine = load_device("board", tmp_path)
    assert isinstance(mine, Device)
    assert mine.core.name == "own-core"


def test_targets_dir_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        list_devices(tmp_path / "nowhere")


ALLOWED = (
    "-mcpu=cortex-m4+nofp", "--target=thumb-freestanding-eabi", "-march=rv32imc_zicsr", "-mabi=ilp32",
    "-mtune=cortex-m7", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-mthumb", "-O", "-O2", "-Os", "-Oz",
    "-Ofast", "-DNDEBUG", "-DTC_X=1", "-DTC_X=-0x10u", "-DTC_X=1.5f", "-ffast-math", "-fno-builtin",
    "-fno-unroll-loops",
)  # fmt: skip
REFUSED = (
    "-fplugin=evil.so", "-fplugin-arg-x-y", "-fpass-plugin=evil.so", "-load", "-Xclang", "-include",
    "-includeevil.h", "-imacros", "-I/tmp", "-isystem/tmp", "-iquote.", "-B/tmp", "-wrapper", "-specs=evil",
    "--sysroot=/tmp", "-o", "-oout", "-x", "-Wl,-T,evil.ld", "-Wp,-MD,out", "-Wa,-I.", "-Tevil.ld",
    "-save-temps", "-save-temps=obj", "-MD", "-MFout", "-fprofile-use=/tmp", "-fprofile-dir=/tmp",
    "-fdump-tree-all", "-fmodules", "-fmodule-map-file=x", "-fsanitize=all", "-fno-plugin", "-fno-",
    "-fno-evil", "-O4", "-Ofast,evil", "-O2 -o x", "@/tmp/flags", "evil.c", "", "-", "--", "-mcpu=",
    "-mcpu=native,evil", "-mcpu=@file", "-mcpu=a/b", "--target=../x", "-march=x\n-o", "-mthumb ", "-D", "-D1",
    "-DX=evil()", "-DX=\"a\"", "-DX=1;", "-Dmain(a)=1", "-DX=1\n#include", "-DX=١", "-UNDEBUG", "-mllvm",
    "-c", "-E", "-v", "-###", "-flto", "-lc", "-Ltmp", "-static", "-cxx-isystem",
)  # fmt: skip


@pytest.mark.parametrize("flag", ALLOWED)
def test_flags_that_choose_a_processor_are_taken(tmp_path: Path, flag: str) -> None:
    (tmp_path / "board.toml").write_text(
        DEVICE.replace("clock-mhz = 72\n", f"clock-mhz = 72\nflags = [{flag!r}]\n", 1)
    )
    device = load_device("board", tmp_path)
    assert isinstance(device, Device)
    assert device.flags == (flag,)


def test_flags_that_are_code_or_files_are_refused(tmp_path: Path) -> None:
    """In a board and in a core, by what they are, not by what is known to be harmful."""
    (tmp_path / "cores").mkdir()
    for flag in REFUSED:
        text = json.dumps(flag)  # a JSON string is a TOML string
        (tmp_path / "board.toml").write_text(
            DEVICE.replace("clock-mhz = 72\n", f'clock-mhz = 72\nflags = ["-mthumb", {text}]\n', 1)
        )
        with pytest.raises(ConfigError, match="a compiler flag that a board file may not give") as caught:
            load_device("board", tmp_path)
        assert "board.toml: flags" in str(caught.value)
        assert "-mcpu=..." in str(caught.value)
        core = CORE.replace("zig = [", f"zig = [{text}, ", 1)
        (tmp_path / "cores" / "mine.toml").write_text(core)
        with pytest.raises(ConfigError, match="may not give"):
            load_core("mine", tmp_path)


def test_a_machine_of_qemu_is_a_bare_name(tmp_path: Path) -> None:
    """Behind a comma QEMU takes options, and `dumpdtb=` writes a file."""
    text = re.sub(r'machine = "[^"]+"', 'machine = "mps2-an385,dumpdtb=out"', CORE)
    assert text != CORE
    assert "not the name of a machine" in core_error(tmp_path, text)


@pytest.mark.parametrize(
    "value",
    [
        "1" * 400,
        "-" + "1" * 400,
        "0x" + "f" * 5000,
        "1" * 5000,
        "1e400",
        "nan",
        "[" * 3000 + "]" * 3000,
        "'x'\nx.y.z = 1",
    ],
)
def test_numbers_beyond_measure_are_one_short_error(tmp_path: Path, value: str) -> None:
    for key in ("clock-mhz = 72", "address = 0x08000000", "bytes = 0x00010000"):
        said = device_error(tmp_path, DEVICE.replace(key, f"{key.split()[0]} = {value}", 1))
        assert len(said) < 1000


def test_the_pages_name_the_flags_that_are_allowed(repo: Path) -> None:
    for page in ("docs/security.md", "targets/README.md"):
        text = (repo / page).read_text()
        assert not [start for start in ("-mthumb", "-ffast-math", *flags._VALUES) if f"`{start}`" not in text]
