"""A table at any width: whatever is in it is shown whole, or its column is named as left out."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tinyml_compress.support.escape import for_terminal
from tinyml_compress.support.table import Cell, Column, Layout, Noted, Numbers, Row, Table, facts, upright
from tinyml_compress.support.table_markup import table_html
from tinyml_compress.support.table_text import blocks_text, table_text

REASON = (
    "QEMU is not installed: qemu-system-arm, which emulates this core; get "
    "it with the package qemu-system-arm"
)
BOARDS = Table(
    (
        Column("board"),
        Column("flash KB", "{:,.0f}", priority=3),
        Column("with TFLM", priority=1),
        Column("our C: flash", "{:,}"),
        Column("ms", "{:.2f}"),
        Column("as TFLM", priority=2),
    ),
    (
        ("arduino-nano-33-ble", 960, "fits", 47_478, 8.81, Numbers((10, 10), "{}/{}")),
        ("corstone-300", 512, "needs 33 KB more flash", None, None, Noted("did not run", REASON)),
        ("corstone-310", 512, "fits", None, None, Noted("did not run", REASON)),
    ),
    "On boards",
)


def test_a_pipe_has_any_width() -> None:
    head, rule, *rows = table_text(BOARDS).splitlines()[1:5]
    assert head == "board                flash KB  with TFLM               our C: flash    ms  as TFLM"
    assert set(rule) == {"─"}
    assert rows == [
        "arduino-nano-33-ble       960  fits                          47,478  8.81  10/10",
        "corstone-300              512  needs 33 KB more flash                      did not run [1]",
    ]


def test_a_reason_stands_once_below_the_table_and_widens_no_column() -> None:
    text = table_text(BOARDS)
    assert text.count(REASON) == 1
    assert text.splitlines()[-1] == f"[1] {REASON}"
    assert text.count("did not run [1]") == 2


def test_columns_are_left_out_by_priority_and_named() -> None:
    assert "left out at 80 columns: flash KB (to see them:" in " ".join(table_text(BOARDS, 80).split())
    narrow = " ".join(table_text(BOARDS, 44).split())
    assert "left out at 44 columns: flash KB, with TFLM, as TFLM (to see" in narrow
    assert "our C: flash ms" in narrow


def test_the_mark_of_a_column_that_is_left_out_moves_to_the_first_one() -> None:
    assert "corstone-300 [1]" in table_text(BOARDS, 44)


def test_where_even_the_rest_does_not_fit_a_row_is_a_block_with_all_of_it() -> None:
    lines = table_text(BOARDS, 30).splitlines()
    assert lines[:8] == [
        "On boards",
        "board",
        "  arduino-nano-33-ble",
        "flash KB      960",
        "with TFLM     fits",
        "our C: flash  47,478",
        "ms            8.81",
        "as TFLM       10/10",
    ]
    assert "as TFLM       did not run [1]" in lines
    assert "left out" not in "".join(lines)


def test_sentences_and_headings_are_broken_between_words_first() -> None:
    columns = (Column("a long heading", "{:,}"), Column("what", prose=True), Column("last", priority=1))
    table = Table(columns, ((1234, "some words that go on for longer than there is room", "x"),))
    assert table_text(table, 44).splitlines() == [
        " a long",
        "heading  what                           last",
        "────────────────────────────────────────────",
        "  1,234  some words that go on for      x",
        "         longer than there is room",
    ]


def test_a_long_word_of_a_sentence_is_not_broken() -> None:
    word = "qemu-system-arm-with-a-word-of-forty-one-"
    table = Table((Column("what", prose=True), Column("n", "{}", priority=1)), ((f"get {word} now", 1),))
    assert table_text(table, 46).splitlines()[2:] == [
        "get                                          1",
        word,
        "now",
    ]
    assert table_text(table, 43).splitlines()[2:5] == ["get", word, "now"], "the other column makes room"


def test_a_foot_is_ruled_off() -> None:
    table = Table((Column("layer"), Column("bytes", "{:,}")), (("a", 1), ("b", 2)), foot=("total", 3))
    assert table_text(table).splitlines()[-2:] == ["────────────", "total      3"]


def test_things_stand_side_by_side_where_they_fit() -> None:
    columns = (Column("file"), Column("size", "{:,} B", about="flash"), Column("operators"))
    rows: tuple[Row, ...] = (("a.tflite", 1234, ("1 ADD", "2 MUL")), ("b.tflite", 12, ("1 ADD",)))
    table = Table(columns, rows, layout=Layout.SIDE_BY_SIDE)
    assert table_text(table).splitlines() == [
        "file       a.tflite  b.tflite  remarks",
        "──────────────────────────────────────",
        "size        1,234 B      12 B  flash",
        "operators     1 ADD     1 ADD",
        "              2 MUL",
    ]
    assert "left out at 34 columns: remarks" in table_text(table, 34)
    assert table_text(table, 20).splitlines()[:4] == [
        "file       a.tflite",
        "size       1,234 B",
        "operators  1 ADD",
        "           2 MUL",
    ]
    assert upright(table).rows[0] == ("size", Numbers((1234,), "{:,} B"), Numbers((12,), "{:,} B"), "flash")


def test_facts_and_lines_follow_one_another() -> None:
    text = blocks_text(
        ["head\x1b[0m", facts([("size", Numbers((3,), "{} B")), ("made of", "two words")], indent=2)], 12
    )
    assert text.splitlines() == ["head\\x1b[0m", "  size", "    3 B", "  made of", "    two", "    words"]


def test_letters_that_are_two_columns_wide_stay_aligned() -> None:
    lines = table_text(Table((Column("name"), Column("n", "{}")), (("日本語", 1), ("abc", 2)))).splitlines()
    assert {cell_len(line) for line in lines} == {9}


def test_a_row_of_another_length_is_a_defect() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells below 2 columns"):
        Table((Column("a"), Column("b")), (("x",),))


# --- any table ----------------------------------------------------------------------------------------------

_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Zs",)), min_size=1, max_size=12)
_ANY = st.one_of(_WORDS, st.just("model/a/long/name" * 4))
_Names = st.SearchStrategy[str]


def _several(words: _Names, most: int = 9) -> _Names:
    return st.lists(words, min_size=1, max_size=most).map(" ".join)


@st.composite
def _columns(draw: st.DrawFn, place: int, words: _Names) -> Column:
    number = draw(st.booleans())
    return Column(
        f"t{place}x {draw(_several(words))}",
        "{:,} B" if number else "",
        draw(st.sampled_from((None, True))),
        draw(st.integers(0, 3)),
        draw(st.booleans()) and not number,
        draw(st.sampled_from(("", "-"))),
    )


@st.composite
def _cells(draw: st.DrawFn, column: Column, tag: int, words: _Names) -> Cell:
    """Of the column's kind; texts and numbers are those of this cell alone."""
    kind = draw(st.sampled_from(("plain", "plain", "none", "lines", "noted", "numbers")))
    name = f"c{tag}x{draw(_several(words, 40 if column.prose else 2))}"
    if kind == "none":
        return None
    if kind == "numbers":
        return Numbers((1000 + tag, 2000 + tag), "{} to {}")
    if column.form:
        return 1_000_000 + tag
    if kind == "lines":
        return (name, f"l{tag}x")
    return (
        Noted(name, draw(st.sampled_from(("no QEMU", "some longer reason"))) + "!")
        if kind == "noted"
        else name
    )


@st.composite
def _tables(draw: st.DrawFn, words: _Names = _ANY) -> Table:
    columns = tuple(draw(_columns(place, words)) for place in range(draw(st.integers(1, 6))))
    rows = tuple(
        tuple(draw(_cells(column, 100 * row + place, words)) for place, column in enumerate(columns))
        for row in range(draw(st.integers(0, 4)))
    )
    title, note = draw(_several(words)), draw(_several(words, 40))
    return Table(columns, rows, title, (note,), indent=draw(st.sampled_from((0, 2))))


@settings(max_examples=100, deadline=None)
@given(_tables(), st.one_of(st.none(), st.integers(1, 160)), st.sampled_from(Layout))
def test_all_of_any_table_is_shown_or_named_as_left_out(
    table: Table, width: int | None, layout: Layout
) -> None:
    table = replace(table, layout=layout)
    text = table_text(table, width)
    assert not [x for x in text if x != "\n" and unicodedata.category(x) in ("Cc", "Cs")]
    joined = " ".join(text.split())
    for place, column in enumerate(table.columns):
        named = " ".join(for_terminal(column.title).split())
        is_left_out = "left out at" in joined and named in joined.partition("left out at")[2]
        assert not is_left_out or (layout is Layout.ROWS and place > 0 and column.priority > 0)
        for row in table.rows:
            for line in () if is_left_out else column.written(row[place]):
                shown = for_terminal(line)
                if column.prose:
                    assert all(word in joined for word in shown.split(" ")), (shown, text)
                else:
                    assert shown in text, (shown, text)
    assert all(note in joined for note in table.numbered)
    assert all(text.count(f"[{number}]") >= 2 for number in upright(table).numbered.values()), (
        "a note and its mark"
    )


@settings(max_examples=100, deadline=None)
@given(_tables(st.text("abcdé日", min_size=1, max_size=3)), st.integers(40, 100), st.sampled_from(Layout))
def test_no_line_is_longer_than_the_terminal(table: Table, width: int, layout: Layout) -> None:
    """Where no name is."""
    text = table_text(replace(table, layout=layout), width)
    assert max(map(cell_len, text.splitlines())) <= width, text


@settings(max_examples=100, deadline=None)
@given(_tables())
def test_piped_every_row_is_one_line(table: Table) -> None:
    flat = replace(
        table, rows=tuple(row for row in table.rows if not any(isinstance(cell, tuple) for cell in row))
    )
    lines = table_text(flat).splitlines()
    start = len(flat.title.split("\n")) + 2
    for row, line in zip(flat.rows, lines[start:], strict=False):
        for column, cell in zip(flat.columns, row, strict=True):
            assert for_terminal(column.written(cell)[0]).rstrip() in line


@settings(max_examples=100, deadline=None)
@given(_tables(), st.sampled_from(Layout))
def test_html_has_all_of_any_table(table: Table, layout: Layout) -> None:
    shown = table_html(replace(table, layout=layout))
    assert "<script" not in shown
    plain = unescape(shown)
    for row in table.rows:
        for column, cell in zip(table.columns, row, strict=True):
            assert all(for_terminal(line, lines=True) in plain for line in column.written(cell))
    texts = "\n".join((*table.numbered, table.title, *table.notes))
    assert all(for_terminal(line, lines=True) in plain for line in texts.split("\n"))
