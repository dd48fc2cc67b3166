"""Central functions broken one by one, in a copy of the checkout: each fault must turn a named test red.

Not part of `make test`: `make test-full PART=mutants`. When a function is rewritten, its fault is rewritten
with it (tests/test_full.py says which line is not there any more).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
_LEFT_OUT = (".git", ".venv", "build", "dist", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache")
_KEPT = ("builds", "zig")
"""Rooms of the cache whose keys are the very bytes that are worked on, so that no fault can leave anything
there.
"""


@dataclass(frozen=True)
class Mutant:
    """One fault: in `function` of `file`, `old` becomes `new`; `test` (a file, and a function in it) must
    notice.
    """

    file: str
    function: str
    old: str
    new: str
    test: str

    def __str__(self) -> str:
        return f"{Path(self.file).stem}.{self.function}"

    def source(self, checkout: Path = REPO) -> str:
        """The file with the fault."""
        text = (checkout / "tinyml_compress" / self.file).read_text()
        start = self._start(text)
        end = self._end(text, start)
        body = text[start:end]
        assert body.count(self.old) == 1, (
            f"{self}: {self.old!r} stands {body.count(self.old)} times in {self.file}"
        )
        return text[:start] + body.replace(self.old, self.new) + text[end:]

    def _start(self, text: str) -> int:
        name = re.escape(self.function)
        found = [*re.finditer(rf"^( *)def {name}\(|^[A-Za-z].*\b{name}\(", text, re.MULTILINE)]
        assert len(found) == 1, f"{self.file} has {len(found)} functions {self.function}"
        return found[0].start()

    def _end(self, text: str, start: int) -> int:
        """Where the next function begins, or anything else that stands as far to the left."""
        depth = len(text[start:]) - len(text[start:].lstrip(" "))
        below = re.compile(rf"^ {{0,{depth}}}[^\s)}}]", re.MULTILINE)
        following = below.search(text, text.index("\n", start) + 1)
        return following.start() if following else len(text)


MUTANTS = (
    # arithmetic that generated code and the tables of Python share
    Mutant(
        "csrc/tc_requant.h",
        "tc_rounding_shift_right",
        "remainder > threshold",
        "remainder >= threshold",
        "tests/ops/test_products.py::test_sample_equals_tflm",
    ),
    Mutant(
        "csrc/tc_requant.h",
        "tc_clamp",
        "x < low ? low",
        "x < low ? low + 1",
        "tests/ops/test_add.py::test_sample",
    ),
    Mutant(
        "ops/_fixed_point.py",
        "rounding_shift_right",
        "(x < 0)",
        "(x > 0)",
        "tests/ops/test_fixed_point.py::test_shifts_round_ties_away_from_zero",
    ),
    Mutant(
        "ops/numerics.py",
        "quantize_multiplier",
        "math.frexp(real)",
        "math.frexp(np.float32(real))",
        "tests/ops/test_fixed_point.py::test_multipliers_are_the_nearest_of_31_bits",
    ),
    Mutant(
        "ops/numerics.py",
        "activation_range",
        "stored(-1.0)",
        "stored(1.0)",
        "tests/ops/test_add.py::test_sample",
    ),
    Mutant(
        "ops/_products.py",
        "requant_channels",
        "wrap32(bias - zero * rows",
        "wrap32(bias + zero * rows",
        "tests/ops/test_products.py::test_sample_equals_tflm",
    ),
    Mutant(
        "ops/_products.py",
        "axis_window",
        "return out, total // 2",
        "return out, (total + 1) // 2",
        "tests/ops/test_products.py::test_sample_equals_tflm",
    ),
    Mutant(
        "ops/conv_2d/tc_conv_taps.h",
        "tc_conv_taps",
        "x < 0 || x >= p->window.in_w",
        "x < 0 || x > p->window.in_w",
        "tests/ops/test_products.py::test_sample_equals_tflm",
    ),
    # which kernel, and where its bytes lie
    Mutant(
        "schedule/options.py",
        "_price",
        "float(flash * cycles**_TIME_AT_SIZE)",
        "cycles",
        "tests/ops/test_encodings.py::test_code_grows_by_less_than_weights_shrink",
    ),
    Mutant(
        "plan/problem.py",
        "lifetimes",
        "life[name] = (life[name][0], end)",
        "life[name] = (life[name][0], life[name][1])",
        "tests/plan/test_plan.py::test_an_output_that_is_also_read_stays",
    ),
    Mutant(
        "plan/problem.py",
        "_strictest",
        "max(rule.gap",
        "min(rule.gap",
        "tests/plan/test_plan.py::test_the_same_tensor_read_twice_needs_both_rules",
    ),
    Mutant(
        "plan/check.py",
        "_keep_clear",
        "if out == len(view.node.outputs):",
        "if False:",
        "tests/plan/test_plan_check.py::test_scratch_over_input_and_output_is_caught",
    ),
    Mutant(
        "plan/check.py",
        "_check_place",
        "buffer.offset + nbytes > size",
        "buffer.offset > plan.arena_bytes",
        "tests/plan/test_plan_check.py::test_broken_tables_are_named",
    ),
    Mutant(
        "plan/bound.py",
        "live_bounds",
        "words(max(rule.gap, 0))",
        "words(max(rule.gap, 4))",
        "tests/plan/test_plan.py::test_small_graphs_against_exhaustive_search",
    ),
    # passes
    Mutant(
        "passes/fold_padding.py",
        "_own_pads",
        "return total // 2, total - total // 2",
        "return total - total // 2, total // 2",
        "tests/passes/test_rewrites.py::test_chains_and_the_scheme_of_the_convolution_add_up",
    ),
    Mutant(
        "passes/fuse_activations.py",
        "_only_clamps",
        "        target.quant,\n",
        "        source.quant,\n",
        "tests/passes/test_rewrites.py::test_activations_that_stay",
    ),
    Mutant(
        "passes/remove_noops.py",
        "_handed_on",
        "target.quant,",
        "source.quant,",
        "tests/passes/test_rewrites.py::test_moving_and_rescaling_are_no_noops",
    ),
    Mutant(
        "passes/_channels.py",
        "folded_bias",
        "layer.rows.bias + added",
        "layer.rows.bias - added",
        "tests/passes/test_dead_channels.py::test_convolution_to_convolution",
    ),
    Mutant(
        "passes/_channels.py",
        "_settle",
        ">= _INT32",
        "> _INT32",
        "tests/passes/test_dead_channels.py::test_no_bias_leaves_32_bits",
    ),
    Mutant(
        "ops/_moves.py",
        "output_range",
        "np.minimum(low, source.low.min())",
        "np.maximum(low, source.low.min())",
        "tests/passes/test_dead_channels.py::test_no_channel_leaves_its_range",
    ),
    Mutant(
        "ops/_weighted.py",
        "products",
        "np.minimum(low, 0), np.maximum(high, 0)",
        "low, high",
        "tests/passes/test_dead_channels.py::test_no_channel_leaves_its_range",
    ),
    # hostile files
    Mutant(
        "formats/flat.py",
        "spend",
        "self._left -= amount",
        "self._left -= 0",
        "tests/frontend/test_bad_files.py::test_one_table_named_thousands_of_times_is_refused_quickly",
    ),
    Mutant(
        "frontend/reader.py",
        "_check_index",
        "0 <= index < len",
        "0 <= index <= len",
        "tests/frontend/test_bad_files.py::test_lies",
    ),
    Mutant(
        "frontend/reader.py",
        "_data",
        "buffer.data.size < expected",
        "buffer.data.size < expected - dtype.itemsize",
        "tests/frontend/test_bad_files.py::test_lies",
    ),
    Mutant(
        "ir/verify.py",
        "_verify_node",
        "        if name in ready:\n",
        "        if name in graph.inputs:\n",
        "tests/ir/test_verify.py::test_broken_graphs",
    ),
    # engines side by side
    Mutant(
        "runners/sides.py",
        "quantized",
        "np.copysign(np.floor(np.abs(steps) + 0.5), steps)",
        "np.floor(steps + 0.5)",
        "tests/runners/test_interpreters.py::test_quantization_rounds_half_away_and_saturates",
    ),
    Mutant(
        "runners/native.py",
        "_check_guards",
        "(memory[start + size :] != _CANARY)",
        "(memory[start + size + 1 :] != _CANARY)",
        "tests/runners/test_native.py::test_a_byte_outside_is_noticed",
    ),
    Mutant(
        "runners/emulated/counting.py",
        "count_blocks",
        "+= times * count",
        "+= count",
        "tests/emulated/test_cost_model.py::test_classes_count_each_time",
    ),
    Mutant(
        "devices/cost.py",
        "hardware_cycles",
        "scale_for(op)",
        'scale_for("")',
        "tests/emulated/test_cost_model.py::test_calibration_scales_by_operator",
    ),
    Mutant(
        "runners/emulated/issue.py",
        "_load_runs",
        "open_run.isdisjoint(step.reads)",
        "open_run.issubset(step.reads)",
        "tests/emulated/test_cost_model.py::test_runs_of_loads_and_issue_slots",
    ),
    Mutant(
        "runners/emulated/counting.py",
        "_flash_classes",
        "0 < cache < buffer",
        "0 < cache > buffer",
        "tests/emulated/test_cost_model.py::test_lines_that_the_data_cache_keeps_are_read_once",
    ),
    Mutant(
        "devices/model.py",
        "costs",
        "unit: price",
        "unit: 0.0",
        "tests/emulated/test_cost_model.py::test_a_board_has_its_own_price_of_flash",
    ),
    # scores and verdicts
    Mutant(
        "evaluation/metrics.py",
        "wilson",
        "extra / (4 * total)",
        "extra / 4 * total",
        "tests/evaluation/test_metrics.py::test_wilson",
    ),
    Mutant(
        "evaluation/metrics.py",
        "area_under_curve",
        "(counts - 1) / 2",
        "(counts - 1)",
        "tests/evaluation/test_metrics.py::test_area_under_curve_equals_counting_pairs",
    ),
    Mutant(
        "evaluation/score_kind.py",
        "drop",
        "(after - before) /",
        "(before - after) /",
        "tests/evaluation/test_score_kind.py::test_drop",
    ),
    Mutant(
        "rendering/gate_checks.py",
        "score",
        "loss > tolerances.accuracy and seen",
        "loss > tolerances.accuracy",
        "tests/tiny/test_gate.py::test_accuracy_is_lost_only_beyond_its_interval",
    ),
    Mutant(
        "devices/tflm_need.py",
        "ram_bytes",
        "self.arena_bytes + self.stack_bytes",
        "self.arena_bytes",
        "tests/tiny/test_fits_with_tflm.py",
    ),
    # techniques
    Mutant(
        "techniques/patterns.py",
        "magnitude_mask",
        "mask[order[:count]] = False",
        "mask[order[len(order) - count :]] = False",
        "tests/techniques/test_pruning.py::test_one_shot_needs_no_data_and_leaves_nothing_dense",
    ),
    Mutant(
        "techniques/clustering.py",
        "k_means",
        "clusters - (1 if moving.size < flat.size else 0)",
        "clusters",
        "tests/techniques/test_pruning.py::test_the_zeros_are_one_of_the_clusters",
    ),
    Mutant(
        "techniques/structured.py",
        "_choose_per_layer",
        "scores[root])",
        "-scores[root])",
        "tests/techniques/test_structured.py::test_the_weakest_channels_go",
    ),
    Mutant(
        "techniques/distillation.py",
        "_soft_loss",
        "alpha * apart(teacher, logits) + (1 - alpha) * hard",
        "(1 - alpha) * apart(teacher, logits) + alpha * hard",
        "tests/techniques/test_smaller_nets.py::test_the_student_follows_the_teacher",
    ),
    # search
    Mutant(
        "search/front.py",
        "front",
        "all(o <= m for",
        "any(o <= m for",
        "tests/search/test_study.py::test_front_winner_and_nearest",
    ),
    Mutant(
        "search/budget.py",
        "overdraft",
        "over[name] = drop - limit",
        "over[name] = limit - drop",
        "tests/search/test_study.py::test_front_winner_and_nearest",
    ),
    Mutant(
        "search/study.py",
        "_twin",
        "other.key == key",
        "other.key != key",
        "tests/search/test_study.py::test_the_sampler_proposes_nothing_twice_and_finds_the_feasible_region",
    ),
    # data
    Mutant(
        "frontends/preprocessing.py",
        "apply",
        "(scaled - mean) / std",
        "(scaled + mean) / std",
        "tests/data/test_sources.py::test_grey_pictures_stay_grey_and_descriptions_resize",
    ),
    Mutant(
        "data/described.py",
        "_classwise",
        "np.diff(labels[order])) + 1)",
        "np.diff(labels[order])))",
        "tests/data/test_sources.py::test_each_class_gives_its_share",
    ),
    Mutant(
        "data/findings.py",
        "_duplicates",
        "if count > 1}",
        "if count > 2}",
        "tests/data/test_check.py::test_each_fault_is_found",
    ),
    # files and processes
    Mutant(
        "support/cache.py",
        "_is_sound",
        "== _digests(place)",
        "is not None",
        "tests/support/test_cache.py::test_an_entry_that_is_not_sound_is_made_again",
    ),
    Mutant(
        "support/cache.py",
        "key_of",
        'len(data).to_bytes(8, "little")',
        'b""',
        "tests/support/test_cache.py::test_cache_makes_once",
    ),
    Mutant(
        "support/files.py",
        "output_folder",
        "new = not folder.exists()",
        "new = False",
        "tests/support/test_files.py::test_a_folder_appears_whole_or_not_at_all",
    ),
    Mutant(
        "support/proc.py",
        "_kill_group",
        "os.killpg(child.pid, signal.SIGKILL)",
        "child.kill()",
        "tests/support/test_files.py::test_a_time_out_ends_grandchildren_too",
    ),
    # what goes out
    Mutant(
        "converter/floats.py",
        "_float_tensor",
        "(*operator.outputs, *operator.inputs)",
        "operator.outputs",
        "tests/converter/test_floats.py",
    ),
    Mutant(
        "models/proof.py",
        "difference",
        "if math.isnan(gap):",
        "if gap < 0:",
        "tests/models/test_proof.py::test_what_is_no_number_is_far_apart",
    ),
    Mutant(
        "codegen/weights_check.py",
        "weights_crc32",
        "zlib.crc32(array.content, crc)",
        "zlib.crc32(array.content)",
        "tests/exporters/test_plain.py::test_make_builds_and_runs_the_self_test",
    ),
    Mutant(
        "codegen/literals.py",
        "float_literal",
        "unique=True",
        "precision=6",
        "tests/tiny/test_codegen_text.py::test_float_literal_reads_back_as_the_same_float32",
    ),
    Mutant(
        "cli/__init__.py",
        "_run",
        "        return error.exit_code\n    except Exception",
        "        return 1\n    except Exception",
        "tests/test_cli.py::test_wrong_calls_exit_2",
    ),
)


def named_tests(mutants: Iterable[Mutant]) -> list[str]:
    """The tests that are named, each once."""
    return list(dict.fromkeys(mutant.test for mutant in mutants))


class Copy:
    """The checkout again, for faults to be put in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.copytree(REPO, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)

    @contextmanager
    def broken(self, mutant: Mutant) -> Iterator[None]:
        place = self._folder / "tinyml_compress" / mutant.file
        sound = place.read_text()
        place.write_text(mutant.source(self._folder))
        try:
            yield
        finally:
            place.write_text(sound)

    def run(self, tests: Sequence[str]) -> tuple[int, str]:
        """pytest's status and words; nothing that an earlier run kept is believed, but for what compilers
        made.
        """
        cache = self._folder / "build" / "test-cache"
        for room in cache.iterdir() if cache.is_dir() else ():
            if room.is_dir() and room.name not in _KEPT:
                shutil.rmtree(room)
        command = [
            sys.executable,
            "-B",
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-m",
            "not full",
            *tests,
        ]
        # The copy comes before the checkout that is installed here, in processes that the tests start as
        # well.
        environment = {**os.environ, "PYTHONPATH": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("mutants") / "checkout")


@pytest.mark.full
def test_without_a_fault_all_are_green(copy: Copy) -> None:
    status, said = copy.run(named_tests(MUTANTS))
    assert status == 0, said[-3000:]


@pytest.mark.full
@pytest.mark.parametrize(
    "mutant", MUTANTS, ids=[f"{index:02}-{mutant}" for index, mutant in enumerate(MUTANTS)]
)
def test_a_fault_turns_its_test_red(copy: Copy, mutant: Mutant) -> None:
    with copy.broken(mutant):
        status, said = copy.run([mutant.test])
    assert status == 1, f"{mutant.test} does not notice: {mutant.old!r} -> {mutant.new!r}\n{said[-1500:]}"
    assert re.search(r"\b\d+ failed\b", said), said[-1500:]  # a test, not what it needs, must fail
