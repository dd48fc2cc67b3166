"""Names the packages; all else is in setup.cfg.

Data folders at the top ship as packages of their own (tinyml_targets, ...), which setup.cfg's `find:`
cannot express beside the ordinary packages.
"""

from setuptools import find_packages, setup

DATA_PACKAGES = {
    "tinyml_targets": ("targets", ["*.toml", "*.json", "*.md", "cores/*.toml"]),
    "tinyml_recipes": ("recipes", ["*.toml", "*.json", "*.md"]),
    "tinyml_calibration": ("calibration_data", ["*.npz", "*.toml", "*.json", "*.md"]),
}

CODE_PACKAGES = find_packages(include=["tinyml_compress", "tinyml_compress.*"])
TEMPLATES = "tinyml_compress.exporters.templates"

setup(
    packages=[*CODE_PACKAGES, *DATA_PACKAGES],
    package_dir={name: folder for name, (folder, _) in DATA_PACKAGES.items()},
    package_data={
        "": [
            "*.c",
            "*.h",
            "*.inc",
            "py.typed",
            "*.ld",
            "*.S",
            "*.txt",
            "*.json",
            "*.html",
            "*.css",
            "*.js",
            "*.tflite",
        ],
        **{name: ["*"] for name in CODE_PACKAGES if name.startswith(TEMPLATES)},
        **{name: globs for name, (_, globs) in DATA_PACKAGES.items()},
    },
)
