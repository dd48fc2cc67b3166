"""Text from outside, such as a tensor's name, on its way into a language: one function per language.

Whoever writes C, CMake, Kconfig, YAML, XML, properties, Markdown, a web page, or to a terminal takes the
function from here, so that a name cannot end the string or comment that it stands in. Identifiers are made in
`c_names`, JSON by `json`.
"""

from __future__ import annotations

import html
import re
import unicodedata

_LONGEST = 200
"""Characters of one line of a comment; a name of a megabyte is of no use to a reader."""

_NOT_FOR_C = re.compile(r"[^ -~]|[?\\]")
_TURNS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that turn the direction of what follows: a line then reads otherwise than it is."""
_CONTROL = re.compile(rf"[\x00-\x1f\x7f-\x9f\u2028\u2029{_TURNS}\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NOT_FOR_XML = re.compile(rf"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[{_TURNS}]")
# Controls, marks that turn the direction of what follows, halves of surrogate pairs, line and paragraph
# separators.
_COMMANDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200b\u200c\u200d"
"""Within words of some scripts, and in our Markdown; they move nothing."""
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&#!$]|:(?=//)|(?<=www)\.|@")
_NO_WIDTH = "\u200b"
"""Of no width: keeps an @ from calling a person, and a # an issue, on sites that make links of them."""


def c_comment(*lines: str) -> str:
    """The lines as one comment of C, in one form for all that is generated; an empty last line ends it on its
    own line.

    Printable ASCII without `?` and `\\` (no trigraph, no continued line), nothing that ends a comment or
    opens another.
    """
    inside = [_comment_line(line) for line in lines] or [""]
    end = " */"
    if len(inside) > 1 and not inside[-1]:
        inside.pop()
        end = "\n */"
    return "/* " + "\n".join([inside[0], *(f" * {line}".rstrip() for line in inside[1:])]) + end


def _comment_line(line: str) -> str:
    return _NOT_FOR_C.sub(".", shortened(line, _LONGEST)).replace("*/", "* /").replace("/*", "/ *")


def shortened(text: str, longest: int = 100) -> str:
    """The start of a text, for a name that more has to follow."""
    return text if len(text) <= longest else f"{text[:longest]}..."


def c_string(text: str) -> str:
    """A string literal of C with the text's UTF-8 bytes; octal, because a hexadecimal escape has no end."""
    return '"' + "".join(_c_byte(byte) for byte in text.encode("utf-8", "backslashreplace")) + '"'


def _c_byte(byte: int) -> str:
    plain = 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
    return chr(byte) if plain else f"\\{byte:03o}"


def cmake_string(text: str) -> str:
    """A quoted argument of CMake; nothing in it is expanded."""
    return '"' + re.sub(r'(["\\$])', r"\\\1", _CONTROL.sub(" ", text)) + '"'


def yaml_string(text: str) -> str:
    """A double-quoted scalar of YAML, in ASCII; half a surrogate pair, which YAML cannot say,
    becomes U+FFFD.
    """
    return (
        '"' + "".join(_yaml_character(ord(character)) for character in _SURROGATE.sub("\ufffd", text)) + '"'
    )


def _yaml_character(code: int) -> str:
    if 0x20 <= code < 0x7F:
        return "\\" + chr(code) if chr(code) in '"\\' else chr(code)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def xml(text: str) -> str:
    """Text for an element or a quoted attribute; characters that XML 1.0 has no way to say become U+FFFD."""
    marks = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
    marks |= {character: f"&#{ord(character)};" for character in "\t\n\r"}
    return "".join(marks.get(character, character) for character in xml_characters(text))


def xml_characters(text: str) -> str:
    """Text for a library that escapes marks itself, but not the characters that XML 1.0 has no way to say."""
    return _NOT_FOR_XML.sub("\ufffd", text)


def properties_value(text: str) -> str:
    """The value of a line `key=value`; a format without escapes, so that control characters become spaces."""
    return _CONTROL.sub(" ", text).strip()


def markdown(text: str) -> str:
    """Text for a sentence or a table's cell of Markdown: no markup, no link, no line of its own."""
    escaped = _MARKDOWN.sub(lambda mark: f"\\{mark[0]}", _CONTROL.sub(".", text))
    return re.sub(r"\\?([@#])", rf"\\\1{_NO_WIDTH}", escaped)


def markdown_code(text: str) -> str:
    """Text as code within a sentence or a table's cell; backticks and bars, which have no escape there,
    become dots.
    """
    inside = re.sub(r"[`|]", ".", _CONTROL.sub(".", text)).strip()
    return f"`{inside or '.'}`"


def html_text(text: str) -> str:
    """Text for an element or a quoted attribute of a web page; marks that turn what is around them are
    written out.
    """
    return html.escape(for_terminal(text, lines=True))


def for_terminal(text: str, *, lines: bool = False) -> str:
    """`text` with every character that a terminal would obey written out, such as `\\x1b`; `lines` keeps line
    ends and tabs.

    Names of layers, classes, files and devices come from files that somebody else made. Colours, titles,
    bells and cursor jumps in them must not reach the screen, and a line end must not forge a line of a table.
    """
    if lines:
        return "\n".join("\t".join(map(for_terminal, line.split("\t"))) for line in text.split("\n"))
    if text.isprintable():
        return text
    return "".join(letter if _is_harmless(letter) else _written_out(letter) for letter in text)


def _is_harmless(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) not in _COMMANDS


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
