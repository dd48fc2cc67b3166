"""Which kernel runs each node: what could, what each would cost, what was chosen and why."""

from tinyml_compress.schedule.choice import AS_ASKED, Asked, Decision, decided, usual_prices
from tinyml_compress.schedule.options import Option, held_bytes, options

__all__ = ["AS_ASKED", "Asked", "Decision", "Option", "decided", "held_bytes", "options", "usual_prices"]
