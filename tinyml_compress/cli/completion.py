"""`tinyml-compress completion`: the script that lets a shell complete verbs, options, boards and models."""

from __future__ import annotations

import click

from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  eval "$(tinyml-compress completion bash)"          for this shell; in ~/.bashrc for every one
  tinyml-compress completion fish > ~/.config/fish/completions/tinyml-compress.fish
"""


@click.command(epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that completes verbs, options, boards, reference models and shipped sets in SHELL."""
    from click.shell_completion import get_completion_class

    form = get_completion_class(shell)
    assert form is not None, "click knows the shells of the choice above"
    group = ctx.find_root().command
    say(form(group, {}, "tinyml-compress", "_TINYML_COMPRESS_COMPLETE").source())
