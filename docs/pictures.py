"""The pictures of README and docs, taken anew: `make demo`, then `python docs/pictures.py
build/demo/report.html`.

Needs a Chromium on the path, as the browser tests do.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).with_name("pictures")


def main() -> None:
    """One picture in light colours, one in dark ones."""
    page_file = Path(sys.argv[1]).resolve()
    browser_file = (
        shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    if browser_file is None:
        raise SystemExit("no Chromium on the path")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_file, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1180, "height": 1150})
            page = context.new_page()
            page.goto(page_file.as_uri())
            page.evaluate("document.querySelector('#benchmark').scrollIntoView()")
            page.wait_for_timeout(6000)  # charts are drawn as they come into view
            page.screenshot(path=FOLDER / f"report-{scheme}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
