"""Arbitrary text in every language that is generated: it stays text. The languages' own parsers are the
judges.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lib.bundles import command
from tinyml_compress.runners import toolchain
from tinyml_compress.support import escape, proc, screen

# Pieces that some language reads as more than a letter, between letters of all of Unicode.
MARKS = (
    "*/", "/*", "//", "\\", "\\\n", "\n", "\r\n", "\t", "??/", "??/\n", "?", "*", "/", '"', "'", "`", "``",
    "|", "$", "${x}", "$(shell,id)", "$ENV{HOME}", "@x@", "@", "#", ";", "[[", "]]", "]]>", "<!--", "<b>",
    "&amp;", "%s", "{", "}", ":", "- ", "www.x", "http://x", "[a](b)", "\x00", "\x07", "\x1b[31m",
    "\x1b]8;;http://x\x1b\\", "\x7f", "\x85", "\x9b", "\xa0", "\u200e", "\u202e", "\u2028", "\u2066",
    "\ud800", "\udcff", "\ufeff", "\uffff", "é", "日", "😀", "\U000e0041", "a", "0", " ",
)  # fmt: skip
TURNS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""What lets a line read otherwise than it is."""
TEXT = st.lists(st.one_of(st.sampled_from(MARKS), st.characters()), max_size=12).map("".join)
MANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def without_comments(code: str) -> str:
    """The code as a C compiler goes on with it after translation phase 3: trigraphs, continued lines,
    comments.
    """
    code = code.replace("??/", "\\")
    code = re.sub(r"\\[ \t\v\f]*\r?\n", "", code)  # compilers forgive blanks behind the backslash
    return re.sub(
        r'/\*.*?\*/|"(?:\\.|[^"\\])*"',
        lambda found: " " if found[0][0] == "/" else found[0],
        code,
        flags=re.S,
    )


@MANY
@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_comment_ends_once_and_at_its_end(lines: list[str]) -> None:
    made = escape.c_comment(*lines)
    assert made.startswith("/*")
    assert made.endswith("*/")
    assert made.count("*/") == 1
    assert made.count("/*") == 1
    assert re.fullmatch(r"[ -~\n]+", made)
    assert "?" not in made
    assert "\\" not in made
    assert len(made.splitlines()) <= len(lines) + 1
    assert without_comments(made).strip() == ""


def test_a_long_name_does_not_fill_a_comment() -> None:
    assert len(escape.c_comment("*/" * 1_000_000)) < 700
    assert escape.shortened("x" * 101) == "x" * 100 + "..."
    assert escape.c_comment("one", "two", "") == "/* one\n * two\n */"
    assert escape.c_comment("one", "", "three") == "/* one\n *\n * three */"


@pytest.mark.parametrize("language", ["c", "c++"])
def test_comments_and_strings_compile_and_say_what_they_were_given(tmp_path: Path, language: str) -> None:
    texts = [
        *MARKS,
        "".join(MARKS),
        *("".join(MARKS[at::7]) for at in range(7)),
        *(f"{mark}1" for mark in MARKS),
    ]
    texts += [one + two for one in MARKS[:16] for two in MARKS[:16]]
    rows = "\n".join(f"    {escape.c_comment(text, text)} {escape.c_string(text)}," for text in texts)
    code = f"""#include <stdio.h>
static const char *const texts[] = {{
{rows}
}};
static const unsigned sizes[] = {{ {", ".join(str(len(raw(text))) for text in texts)} }};
int main(void) {{
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {{
        fwrite(texts[i], 1, sizes[i], stdout);
    }}
    return 0;
}}
"""
    standard = ["-x", language, "-std=c99" if language == "c" else "-std=c++17", "-trigraphs"]
    source, program = tmp_path / "texts.c", tmp_path / "texts"
    source.write_text(code)
    zig = toolchain.zig()
    words = [
        *zig.command,
        *zig.host_flags,
        *standard,
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-Wcomment",
    ]
    words += ["-Wtrigraphs", "-o", str(program), str(source), *(["-c"] if language == "c++" else [])]
    proc.run(words, timeout=120, what="zig", env=zig.environment())
    if language == "c++":
        return  # that it compiles is enough: the library of C++ takes minutes to build
    said = subprocess.run([program], timeout=20, check=True, capture_output=True).stdout
    assert said == b"".join(raw(text) for text in texts)


def raw(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def one_line(text: str) -> str:
    """What the formats without escapes for control characters are given."""
    return re.sub(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{TURNS}\ud800-\udfff\ufffe\uffff]", " ", text)


def test_cmake_reads_its_strings_back(tmp_path: Path) -> None:
    cmake = command("cmake")
    if cmake is None:
        pytest.skip("CMake is not installed here")
    texts = [*MARKS, "".join(MARKS), *(f"{mark};{mark}" for mark in MARKS)]
    lines = [f'file(APPEND "${{out}}" {escape.cmake_string(text)} "\\n")' for text in texts]
    (tmp_path / "script.cmake").write_text('set(x "expanded")\n' + "\n".join(lines), encoding="utf-8")
    out = tmp_path / "out"
    proc.run([cmake, f"-Dout={out}", "-P", tmp_path / "script.cmake"], timeout=60, what="cmake")
    assert out.read_text(encoding="utf-8") == "".join(f"{one_line(text)}\n" for text in texts)


@MANY
@given(TEXT)
def test_yaml_reads_its_strings_back(text: str) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed here")
    document = f"key: {escape.yaml_string(text)}\nlist:\n  - {escape.yaml_string(text)}\n"
    assert document.isascii()
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    assert yaml.safe_load(document) == {"key": whole, "list": [whole]}


@MANY
@given(TEXT)
def test_xml_reads_its_text_back(text: str) -> None:
    document = f"<a b=\"{escape.xml(text)}\" c='{escape.xml(text)}'>{escape.xml(text)}</a>"
    read = ElementTree.fromstring(document.encode())
    whole = re.sub(rf"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[{TURNS}]", "\ufffd", text)
    assert (read.attrib["b"], read.attrib["c"], read.text or "") == (whole, whole, whole)


@MANY
@given(TEXT)
def test_a_property_is_one_line(text: str) -> None:
    value = escape.properties_value(text)
    assert f"author={value}".splitlines() == [f"author={value}"]
    assert value == one_line(text).strip()


@MANY
@given(TEXT)
def test_markdown_stays_text(text: str) -> None:
    markdown = pytest.importorskip("markdown_it", reason="markdown-it-py comes with rich")
    page = markdown.MarkdownIt("commonmark").enable(["table", "strikethrough"])
    source = (
        f"| a | b | c |\n|---|---|---|\n| x{escape.markdown(text)}x | {escape.markdown_code(text)} | end |\n"
    )
    html = page.render(source)
    assert re.findall(r"<(?!/?(?:table|thead|tbody|tr|th|td|code)>)[^>]*>", html) == []
    assert not re.search(f"[{TURNS}]", source)
    cells = re.findall(r"<td>(.*?)</td>", html, re.S)
    assert len(cells) == 3
    assert cells[2] == "end"
    assert cells[1].startswith("<code>")
    assert cells[1].count("<code>") == 1
    assert not re.search(r"[@#]\w", re.sub(r"&#?\w+;", "", cells[0]))  # nobody is called, no issue is named


@MANY
@given(TEXT)
def test_a_terminal_obeys_nothing(text: str) -> None:
    for shown in (escape.for_terminal(text), escape.for_terminal(text, lines=True)):
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", shown
        )
        shown.encode()
    assert not re.search(r"[\n\t]", escape.for_terminal(text))
    plain = "Tensor 1 é 日 😀 \u200d 1,234 ±0.5"
    assert escape.for_terminal(plain) == plain


@MANY
@given(TEXT)
def test_what_others_print_is_filtered_too(text: str) -> None:
    below = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    guarded = screen._Guarded(below)
    print(text, file=guarded)  # type: ignore[call-overload]
    guarded.writelines([text])
    below.flush()
    said = below.buffer.getvalue()  # type: ignore[attr-defined]
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f-\xff]", said)
    assert json.dumps(said.decode())


def test_templates_say_the_language_of_what_comes_from_outside(repo: Path) -> None:
    """A fact that a user or a file gives stands nowhere bare; numbers, digests and checked names may."""
    outside = ("author", "url", "oracle")
    folders = ("tinyml_compress/exporters/templates", "tinyml_compress/codegen/project_files")
    files = [
        path for folder in folders for path in (repo / folder).rglob("*") if path.suffix not in ("", ".pyc")
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    assert not [path for path, text in texts.items() if re.search(rf"@(?:{'|'.join(outside)})@", text)]
    used = {word for text in texts.values() for word in re.findall(r"@[a-z]+:(\w+)@", text)}
    assert used == set(outside)


def test_every_comment_of_generated_c_is_made_by_one_function(repo: Path) -> None:
    """No template string of ours puts a value between `/*` and `*/`: that is for `c_comment` alone."""
    wrong = []
    for path in sorted((repo / "tinyml_compress").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and path.name != "escape.py":
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                whole = "".join(str(part) for part in parts)
                if any("\0" in comment for comment in re.findall(r"/\*[ \n].*?(?:\*/|$)", whole, re.S)):
                    wrong.append(f"{path.relative_to(repo)}:{node.lineno}")
    assert not wrong
