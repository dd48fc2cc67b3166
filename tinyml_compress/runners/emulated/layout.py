"""Linker scripts, generated from a memory map."""

from __future__ import annotations

from tinyml_compress.devices import MemoryMap

__all__ = ["linker_script"]


def linker_script(memory: MemoryMap, stack_bytes: int) -> str:
    """The stack lies lowest in RAM, so that its overflow leaves the RAM at once instead of
    running into data.
    """
    return f"""MEMORY {{
  FLASH (rx) : ORIGIN = {memory.flash_address:#010x}, LENGTH = {memory.flash_bytes:#x}
  RAM (rw) : ORIGIN = {memory.ram_address:#010x}, LENGTH = {memory.ram_bytes:#x}
}}
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
  .arena (NOLOAD) : {{ *(.arena) }} > RAM
  tc_ram_used_end = .;
  /DISCARD/ : {{ *(.ARM.exidx* .ARM.extab* .eh_frame* .comment .debug* .note*) }}
}}
"""
