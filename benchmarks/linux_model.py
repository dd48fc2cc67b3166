"""How far published times of XNNPACK are from what the others of the same core and form predict.

Usage: python benchmarks/linux_model.py
"""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.devices.xnnpack import NETS, PUBLISHED, SOURCE, PublishedTime, rate


def left_out() -> Iterator[tuple[PublishedTime, float]]:
    """Each published time, and what the others make of it in ms."""
    for one in PUBLISHED:
        others = [two for two in PUBLISHED if (two.core, two.form) == (one.core, one.form) and two is not one]
        yield one, one.ms * rate(others) / one.cycles_per_unit


def main() -> None:
    print(f"{SOURCE}; {len(NETS)} nets, four threads, each predicted without itself")
    print(f"{'core':<12}{'form':<9}{'net':<20}{'published':>10}{'predicted':>10}{'off':>7}")
    for one, predicted in left_out():
        off = predicted / one.ms - 1
        print(f"{one.core:<12}{one.form:<9}{one.net:<20}{one.ms:>10g}{predicted:>10.1f}{off:>+7.0%}")
    print(f"largest: {max(abs(predicted / one.ms - 1) for one, predicted in left_out()):.0%}")


if __name__ == "__main__":
    main()
