"""One self-contained page from results of any verb, several side by side."""

from tinyml_compress.rendering.page.build import front_svg, read_document, results_page

__all__ = ["front_svg", "read_document", "results_page"]
