"""The version, in a file that setup.cfg can read without importing the package."""

__all__ = ["__version__"]
__version__ = "0.1.0"
