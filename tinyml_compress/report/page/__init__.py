"""One self-contained page from results of any verb, several side by side."""

from tinyml_compress.report.page.build import read_document, results_page

__all__ = ["read_document", "results_page"]
