"""Names that go into C: checked against the words of C and C++ and the shape of an identifier."""

from __future__ import annotations

import re

from tinyml_compress.errors import UsageError

_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_RESERVED = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t
    class compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield
    decltype default delete do double dynamic_cast else enum explicit export extern false float for friend
    goto if inline int long main mutable namespace new noexcept not not_eq nullptr operator or or_eq private
    protected public register reinterpret_cast requires restrict return short signed sizeof static
    static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename
    union unsigned using virtual void volatile wchar_t while xor xor_eq
    """.split()
)


def check_c_name(name: str) -> str:
    """`name`, when it can prefix C symbols; else UsageError saying why."""
    if not _SHAPE.fullmatch(name):
        raise UsageError(
            "not a C name",
            which=repr(name),
            allowed="a letter, then letters, digits and single underscores, at most 63 in all",
            next_step=f"for example --name {c_name(name)}",
        )
    if name.lower() in _RESERVED:
        raise UsageError(
            "a word of C or C++ cannot be the name", which=name, next_step=f"for example --name {name}_model"
        )
    if name.startswith("tc_"):
        raise UsageError(
            "the prefix tc_ belongs to the kernels", which=name, next_step=f"for example --name {name[3:]}"
        )
    return name


def c_name(text: str) -> str:
    """A C name made from any text, such as a file's stem."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:63].rstrip("_")
    if not words or not words[0].isalpha():
        words = f"model_{words}"[:63].rstrip("_")
    if words.lower() in _RESERVED or words.startswith("tc_"):
        words = f"{words}_model" if words.lower() in _RESERVED else words[3:]
    return words
