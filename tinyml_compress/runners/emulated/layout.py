"""Linker scripts, generated from a memory map."""

from __future__ import annotations

from tinyml_compress.devices import MemoryMap
from tinyml_compress.ir import memory_word


def used_end(memory: str) -> str:
    """The symbol behind what lies in one of the further memories."""
    return f"tc_used_end_{memory_word(memory)}"


def linker_script(memory: MemoryMap, stack_bytes: int) -> str:
    """The stack lies lowest in RAM, so that its overflow leaves the RAM at once instead of
    running into data.
    """
    more = {memory_word(one.name): one for one in memory.more}
    regions = "".join(
        f"  MORE_{word} (rw) : ORIGIN = {one.address:#010x}, LENGTH = {one.nbytes:#x}\n"
        for word, one in more.items()
    )
    sections = "".join(
        f"  .memory_{word} (NOLOAD) : {{ *(.memory.{word}) tc_used_end_{word} = .; }} > MORE_{word}\n"
        for word in more
    )
    return f"""MEMORY {{
  FLASH (rx) : ORIGIN = {memory.flash_address:#010x}, LENGTH = {memory.flash_bytes:#x}
  RAM (rw) : ORIGIN = {memory.ram_address:#010x}, LENGTH = {memory.ram_bytes:#x}
{regions}}}
SECTIONS {{
  .text : {{ KEEP(*(.vectors)) *(.text .text.*) }} > FLASH
  .rodata : {{ *(.rodata .rodata.* .srodata .srodata.*) . = ALIGN(4); }} > FLASH
  .stack (NOLOAD) : {{ tc_stack_bottom = .; . = . + {stack_bytes:#x}; tc_stack_top = .; }} > RAM
  .data : {{
    . = ALIGN(4); tc_data_start = .;
    *(.data .data.* .sdata .sdata.*)
    . = ALIGN(4); tc_data_end = .;
  }} > RAM AT> FLASH
  tc_data_load = LOADADDR(.data);
  .bss (NOLOAD) : {{
    . = ALIGN(4); tc_bss_start = .;
    *(.bss .bss.* .sbss .sbss.* COMMON)
    . = ALIGN(4); tc_bss_end = .;
  }} > RAM
{sections}  .arena (NOLOAD) : {{ *(.arena .memory.*) tc_ram_used_end = .; }} > RAM
  /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .debug* .note*) }}
}}
"""
