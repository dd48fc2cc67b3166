"""A transformer on a board: what stands in its way, and which size of it would fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from msgspec import structs

from tinyml_compress.converter import Mode
from tinyml_compress.converter.foreign.calls import requantize
from tinyml_compress.errors import UsageError
from tinyml_compress.formats.inside import inside
from tinyml_compress.hugging_face.calls import hf_of_size
from tinyml_compress.hugging_face.folder import HfFolder
from tinyml_compress.hugging_face.sizes import TransformerSize
from tinyml_compress.pipeline.contracts import contracts_of
from tinyml_compress.pipeline.measure.target import Target
from tinyml_compress.pipeline.sources.kinds.hf import told
from tinyml_compress.results import Check, Contract, Demand, FittingSize
from tinyml_compress.support.progress import stage

INTEGER_FAMILIES = ("bert", "distilbert", "roberta", "albert", "mobilebert")
"""Of which every operator has an integer kernel."""
_LARGEST = 8e6
"""Parameters of a net that is converted whole; what is larger is judged by a smaller one of its kind."""
_TRIES, _MOST_TARGETS = 4, 4
_CLOSE = 0.97
_TIMEOUT = 1800.0


@dataclass
class _Nets:
    """Files of nets of some sizes, each made once."""

    folder: HfFolder
    seed: int
    _files: dict[TransformerSize, tuple[bytes, int]] = field(default_factory=dict)

    def file(self, sizes: TransformerSize) -> tuple[bytes, int]:
        """The int8 file, and the parameters of the model that it was made of."""
        if sizes not in self._files:
            title = f"convert {sizes.family}: {sizes.layers} layers of {sizes.width}, {sizes.words:,} words"
            with stage(title) as shown:
                plain, words, count = hf_of_size(
                    told(self.folder, self.seed), self._config(sizes), timeout=_TIMEOUT, say=shown.note
                )
                small = requantize(plain, words, Mode.INT8, timeout=_TIMEOUT, say=shown.note)
            self._files[sizes] = inside(small), count
        return self._files[sizes]

    def _config(self, sizes: TransformerSize) -> Mapping[str, Any]:
        own = self.folder.config
        if sizes.family == own["model_type"]:
            return sizes.config(own)
        kind = str((own.get("architectures") or ["Model"])[0])
        end = next((one for one in _KINDS if kind.endswith(one)), "Model")
        return {
            "model_type": "bert",
            "architectures": [f"Bert{end}"],
            "hidden_size": sizes.width,
            "num_hidden_layers": sizes.layers,
            "num_attention_heads": sizes.heads,
            "intermediate_size": sizes.inner,
            "vocab_size": sizes.words,
            "max_position_embeddings": max(self.folder.length, 2),
            "id2label": own.get("id2label", {"0": "no", "1": "yes"}),
        }


_KINDS = ("ForSequenceClassification", "ForTokenClassification")


def check_folder(
    folder: HfFolder, chosen: Sequence[Target], engines: Sequence[str], max_ram: int | None, seed: int
) -> Check:
    """The contracts, each that does not hold with the largest size that would."""
    sizes = TransformerSize.of(folder.config)
    if sizes is None:
        raise UsageError(
            "the configuration does not say how many layers, heads and words the model has",
            which=folder.path / "config.json",
            next_step="convert the model, and check that file",
        )
    nets = _Nets(folder, seed)
    judged = _judged(sizes, folder.length)
    contracts = contracts_of(nets.file(judged)[0], chosen, engines, max_ram)
    whole = [_scaled(one, judged, sizes, folder.length) for one in contracts]
    notes = ["random weights of the configuration's sizes; zeros of the real ones would take less flash"]
    if any(not one.holds for one in whole):
        if len(chosen) > _MOST_TARGETS:
            notes.append(f"for a size that would fit, name at most {_MOST_TARGETS} targets")
        else:
            whole = [
                contract
                if contract.holds
                else _with_fitting(contract, sizes, nets, _named(chosen, contract.device), max_ram)
                for contract in whole
            ]
            notes += [
                f"{one.device}, {one.engine}: nothing of 2 heads of this width and 512 words or more fits; "
                f"shorter texts take less RAM: hf:{folder.path}@{max(1, folder.length // 2)}"
                for one in whole
                if not one.holds and one.fitting is None
            ]
    return Check(contracts=tuple(whole), notes=tuple(notes))


def _named(chosen: Sequence[Target], name: str) -> Target:
    return next(place for place in chosen if place.name == name)


def _judged(sizes: TransformerSize, length: int) -> TransformerSize:
    """The size that is converted: its own, or the largest of its kind that is no long work."""
    if sizes.parameters(length) <= _LARGEST:
        return sizes
    return max(
        (one for one in sizes.smaller() if one.parameters(length) <= _LARGEST),
        key=lambda one: one.parameters(length),
        default=sizes,
    )


def _scaled(contract: Contract, judged: TransformerSize, sizes: TransformerSize, length: int) -> Contract:
    """What a smaller one says of the whole."""
    if judged == sizes:
        return contract
    memory = []
    for demand in contract.memory:
        how = _grows(demand)
        needed = round(demand.needed * how(sizes, length) / how(judged, length))
        text = f"{demand.of_what}; modelled from {judged.layers} layers of {judged.width}"
        memory.append(structs.replace(demand, needed=needed, of_what=text))
    return structs.replace(contract, memory=tuple(memory))


def _grows(demand: Demand) -> Any:
    return TransformerSize.parameters if demand.memory.startswith("flash") else TransformerSize.activations


def _with_fitting(
    contract: Contract, sizes: TransformerSize, nets: _Nets, place: Target, max_ram: int | None
) -> Contract:
    """The contract with the largest size that the device takes, proven by a conversion."""
    if place.refused_engine(contract.engine) is not None:
        return contract
    length = nets.folder.length
    if sizes.family not in INTEGER_FAMILIES:
        sizes = replace(sizes, family="bert")
    base = _judged(sizes, length)
    for _ in range(_TRIES):
        (last,) = contracts_of(nets.file(base)[0], [place], [contract.engine], max_ram)
        if last.holds and (base == sizes or base != _judged(sizes, length)):
            return structs.replace(contract, fitting=_fitting(base, nets, last))
        pool = [one for one in sizes.smaller() if _may_fit(one, base, last, length)]
        if not pool:
            return contract
        base = max(pool, key=lambda one: one.kept(sizes))
    return contract


def _may_fit(one: TransformerSize, base: TransformerSize, last: Contract, length: int) -> bool:
    """As far as what another size needs tells; where that found no room at all, half of it."""
    if not last.memory:
        return one.parameters(length) <= base.parameters(length) / 2 and one.activations(
            length
        ) <= 0.75 * base.activations(length)
    return all(
        _grows(demand)(one, length) / _grows(demand)(base, length) * demand.needed
        <= _CLOSE * demand.available
        for demand in last.memory
    )


def _fitting(sizes: TransformerSize, nets: _Nets, contract: Contract) -> FittingSize:
    return FittingSize(
        **asdict(sizes), length=nets.folder.length, parameters=nets.file(sizes)[1], memory=contract.memory
    )
