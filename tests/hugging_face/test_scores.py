"""What a model of words and an encoder without a head are worth: on truths that PyTorch made by itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.schema import validate
from tinyml_compress import data
from tinyml_compress.errors import DataError
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.optimizing import optimize
from tinyml_compress.results import Task, encoded

Saved = Callable[[str], Path]
ALONE = """
import json, sys, torch, transformers, tokenizers
folder, texts = sys.argv[1], json.loads(sys.stdin.read())
words = tokenizers.Tokenizer.from_file(folder + "/tokenizer.json")
words.enable_truncation(16)
model = transformers.AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True).eval()
told = []
for text in texts:
    cut = words.encode(text)
    with torch.inference_mode():
        chosen = model(torch.tensor([cut.ids])).logits[0].argmax(-1).tolist()
    starts = [place for place in range(len(text)) if text[place] != " " and text[:place][-1:] in ("", " ")]
    first = {start: chosen[at] for at, (start, _) in reversed(list(enumerate(cut.offsets)))}
    told.append([first.get(start, -1) for start in starts])
print(json.dumps(told))
"""
"""Each word's answer: that of the token at its first letter, one text at a time, without padding."""
UNKNOWN = -1


def _answers_of(folder: Path, texts: tuple[str, ...], python: Path) -> list[list[int]]:
    run = subprocess.run(
        [str(python), "-I", "-W", "ignore", "-c", ALONE, str(folder)],
        input=json.dumps(texts),
        check=True,
        capture_output=True,
        text=True,
    )
    told: list[list[int]] = json.loads(run.stdout)
    return told


@pytest.mark.full
def test_tags_stand_at_the_first_token_of_their_word(
    saved: Saved, torch_python: Path, tmp_path: Path
) -> None:
    """Against PyTorch alone: all words right, then as many wrong as were made wrong."""
    texts = data.load("data:intents:test").texts[:40]
    told = _answers_of(saved("tokens"), texts, torch_python)
    shown = [word for row in told for word in row if word != UNKNOWN]
    cut = sum(len(row) for row in told) - len(shown)
    assert cut, "some words lie behind the last token"
    table = tmp_path / "words.csv"

    def write(change: int) -> None:
        """With so many tags that are not the model's, the first word of each text not asked."""
        left = change
        with table.open("w") as file:
            print("text\ttags", file=file)
            for text, row in zip(texts, told, strict=True):
                tags = [0 if tag == UNKNOWN else tag for tag in row]
                for place in range(1, len(tags)):
                    if left and row[place] != UNKNOWN:
                        tags[place], left = (tags[place] + 1) % 6, left - 1
                print(text, " ".join(["-100", *map(str, tags[1:])]), sep="\t", file=file)

    folder = f"hf:{saved('tokens')}@16"
    for wrong in (0, 7):
        write(wrong)
        done = evaluate(folder, table)
        assert done.score is not None
        assert done.score.total == len(shown) - len(texts)
        assert done.score.correct == done.score.total - wrong
        assert (done.unseen_words, done.task) == (cut, Task.CLASSIFICATION)
    smaller = optimize(folder, data=table, output=tmp_path / "smaller")
    validate(encoded(smaller))
    assert smaller.unseen_words == cut
    assert smaller.steps[0].score == done.score
    last = smaller.steps[-1]
    assert last.agreement is not None
    assert last.agreement.total == done.score.total
    lost = [step.lost for step in smaller.steps[1:] if step.lost is not None and step.score is not None]
    assert last.score is not None
    assert sum(lost) == pytest.approx(done.score.value - last.score.value)
    bare = tmp_path / "bare.csv"
    bare.write_text("text\n" + "\n".join(f'"{text}"' for text in texts) + "\n")
    plain = optimize(folder, data=bare, output=tmp_path / "plain", int8="none")
    assert plain.steps[0].score is None
    agreement = plain.steps[-1].agreement
    assert agreement is not None
    assert len(shown) < agreement.total < 16 * len(texts), "all tokens but padding"
    with pytest.raises(DataError, match="no word with a tag is within the length"):
        evaluate(f"hf:{saved('tokens')}@1", table)


@pytest.mark.full
def test_a_file_of_words_is_scored_with_its_folder(saved: Saved, tmp_path: Path) -> None:
    table = tmp_path / "words.conll"
    words = " ".join(data.load("data:intents:test").texts[:40]).split()
    lines = [f"{word} {len(word) % 6}" + "\n" * (place % 6 == 0) for place, word in enumerate(words)]
    table.write_text("\n".join(lines))
    folder = f"hf:{saved('tokens')}@16"
    convert(folder, table, output=tmp_path, name="net", engine="aot")
    done = compare([folder, tmp_path / "net.tflite"], table, rounds=1)
    assert done.models[1].same is not None
    assert done.models[1].same > 0.9
    small = evaluate(tmp_path / "net.tflite", table, against=folder, engine="aot")
    assert small.score is not None
    assert small.against_score is not None
    assert small.score.total == small.against_score.total == len(words) - (small.unseen_words or 0)
    assert small.agreement is not None
    assert small.agreement.total == small.score.total


@pytest.mark.full
def test_an_encoder_without_a_head_is_compared_by_its_vectors(saved: Saved, tmp_path: Path) -> None:
    """Labels say nothing of it: the same score with them and without."""
    texts = data.load("data:intents:test").take(48)
    folder = f"hf:{saved('minilm')}@16"
    done = optimize(folder, data=texts, output=tmp_path / "smaller", amount=0.6)
    validate(encoded(done))
    scores = [step.score for step in done.steps]
    values = [one.cosine for one in scores if one is not None and one.cosine is not None]
    assert len(values) == len(done.steps)
    assert values[0] == pytest.approx(1)
    assert 0.5 < values[1] < 0.9999
    assert done.steps[1].lost == pytest.approx(values[0] - values[1])
    interval = done.steps[1].lost_interval
    assert interval is not None
    assert interval[0] < values[0] - values[1] < interval[1]
    assert all(step.agreement is not None and step.agreement.same is None for step in done.steps)
    with pytest.raises(DataError, match="without a head(.|\n)*--against"):
        evaluate(folder, texts)
    both = evaluate(f"hf:{tmp_path / 'smaller'}@16", texts, against=folder)
    assert both.task is Task.EMBEDDING
    assert both.score is not None
    assert both.score.cosine == pytest.approx(values[-1], abs=1e-5)
    convert(folder, texts, output=tmp_path, name="net")
    small = evaluate(tmp_path / "net.tflite", texts, against=folder, engine="tflm")
    assert small.score is not None
    assert small.score.value > 0.95
    beside = compare([folder, f"hf:{tmp_path / 'smaller'}@16"], texts, rounds=1)
    assert [one.metric for one in beside.models] == ["cosine", "cosine"]
    assert beside.models[1].score == pytest.approx(values[-1], abs=1e-5)
