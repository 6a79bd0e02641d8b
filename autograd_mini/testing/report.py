"""What a diagnosis says, and how: one object, text in two languages, plain values for JSON."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .layouts import Layout
from .words import DETAILS, LABELS, LANGUAGES, SENTENCES, WORDS, Told


class Named(NamedTuple):
    """A mistake, and where it is: layers with what varies there (None where nothing does)."""

    key: str
    delta: bool
    places: tuple[tuple[int, Any], ...]

    def where(self, lang: str) -> str:
        """The δ or ∂J/∂Θ that has the mistake."""
        symbol = "δ" if self.delta else "∂J/∂Θ"
        names = [f"{symbol}^({layer})" for layer, _ in sorted(self.places, key=str) if layer]
        return SENTENCES["names"][LANGUAGES.index(lang)].join(dict.fromkeys(names))


class Answer(NamedTuple):
    """One explanation: mistakes that together reproduce the gradient, and what they leave."""

    mistakes: tuple[Named, ...]
    residual: float
    residuals: dict[int, float]

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the mistakes in the catalogue."""
        return tuple(mistake.key for mistake in self.mistakes)


@dataclass(frozen=True)
class Diagnosis:
    """What was found in a gradient; made by `diagnose`.

    ``residual`` and ``residuals[l]`` are ‖given - closed form‖ / ‖closed form, absolute sums‖, over
    all layers and layer by layer. ``answers`` are the explanations that reproduce the gradient up
    to rounding, the likeliest first; they have the same number of mistakes, and the data do not
    tell them apart. ``unseen`` has the mistakes that this problem can not show, by the reason.
    """

    verdict: str
    layout: Layout
    residual: float
    residuals: dict[int, float]
    answers: tuple[Answer, ...] = ()
    single: bool = False
    closest: Answer | None = None
    scales: dict[int, tuple[float, float]] = field(default_factory=dict)
    unseen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[Told, ...] = ()
    names: dict[str, Any] = field(default_factory=dict)
    lang: str = "en"

    @property
    def right(self) -> bool:
        """Whether the gradient is that of J, up to rounding."""
        return self.verdict == "right"

    def __str__(self) -> str:
        """The answer as text, in the language that was asked for."""
        return self.text()

    def text(self, lang: str | None = None) -> str:
        """Return the answer as lines of text, in "en" or "zh"."""
        rows = self.lines(lang)
        # A Chinese character takes two columns.
        columns = [sum(1 + (ord(c) > 0x2E7F) for c in label) for label, _ in rows]
        spaces = [" " * max(12 - taken, 1) for taken in columns]
        return "\n".join(a + space + b for (a, b), space in zip(rows, spaces, strict=True))

    def lines(self, lang: str | None = None) -> list[tuple[str, str]]:
        """Return the answer as (label, text); a label is empty where the one above goes on."""
        return [*_Lines(self, known(lang or self.lang))]

    def as_dict(self, lang: str | None = None) -> dict[str, Any]:
        """Return what was found as plain values, as JSON has them."""
        lang = known(lang or self.lang)
        return {
            "verdict": self.verdict,
            "right": self.right,
            # JSON has no infinity.
            "residual": self.residual if math.isfinite(self.residual) else None,
            "residuals": {str(l): r for l, r in self.residuals.items()},
            "single_precision": self.single,
            "layout": vars(self.layout),
            "answers": [self._plain(answer, lang) for answer in self.answers],
            "closest": self.closest and self._plain(self.closest, lang),
            "scales": {str(l): {"data": α, "penalty": β} for l, (α, β) in self.scales.items()},
            "unseen": {reason: list(keys) for reason, keys in self.unseen.items()},
            "text": self.text(lang),
        }

    def _plain(self, answer: Answer, lang: str) -> dict[str, Any]:
        return {
            "mistakes": [
                {
                    "key": mistake.key, "name": WORDS[mistake.key].name[LANGUAGES.index(lang)],
                    "layers": sorted({l for l, _ in mistake.places}),
                    "of": "delta" if mistake.delta else "gradient",
                    "wrong": formula(WORDS[mistake.key].wrong, mistake, self.names, lang),
                    "right": formula(WORDS[mistake.key].right, mistake, self.names, lang),
                    "note": WORDS[mistake.key].note.text(LANGUAGES.index(lang)),
                }
                for mistake in answer.mistakes
            ],
            "residual": answer.residual,
            "residuals": {str(l): r for l, r in answer.residuals.items()},
        }  # fmt: skip


def known(lang: str) -> str:
    """Return the language, if there is a text in it."""
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r}; expected {' or '.join(map(repr, LANGUAGES))}")
    return lang


def formula(text: str, mistake: Named, names: dict[str, Any], lang: str) -> str:
    """A formula with the mistake's layer in it; with l where the same is wrong in several."""
    layer, detail = mistake.places[0]
    at, up = str(layer), str(layer + 1)
    if len(mistake.places) > 1 and len({what for _, what in mistake.places}) == 1:
        at, up = "l", "l+1"
    quadratic = names.get("cost") == "quadratic"
    ours, other = ("(a − y) .* g'(z)", "a − y") if quadratic else ("a − y", "(a − y) .* g'(z)")
    varies = DETAILS[detail][LANGUAGES.index(lang)] if detail in DETAILS else str(detail)
    if mistake.key == "other_cost":
        varies = other
    elif mistake.key == "formula_of_z":
        varies = "(1 − z²)" if names["g"][layer] == "tanh" else "z .* (1 − z)"
    elif mistake.key == "wrong_axis":
        whole = f"Δ / ({detail}) + (λ/m) Θ,  m = {names['m']}"
        varies = "mean(δ, axis=1), j = 0" if detail == "bias" else whole
    elif mistake.key == "stale_weights":
        varies = _stale(layer, detail)
    return text.format(l=at, u=up, k=varies, right=ours)


def _stale(layer: int, detail: Any) -> str:
    if layer:
        return f"δ^({layer}) = (Θ'^({layer}))ᵀ δ^({layer + 1}) .* g'(z^({layer})),  Θ' = Θ_previous"
    if detail == "previous":
        return "∇J(Θ_previous)"
    return f"D = ∇J(Θ + α D),  α = {detail:.6g}"


class _Lines:
    """The lines of a diagnosis in one language."""

    def __init__(self, found: Diagnosis, lang: str) -> None:
        self.found, self.lang, self.index = found, lang, LANGUAGES.index(lang)

    def say(self, sentence: str, **values: Any) -> str:
        """A sentence of the report."""
        return SENTENCES[sentence][self.index].format(**values)

    def row(self, label: str, text: str) -> tuple[str, str]:
        """A label with its text."""
        return (LABELS[label][self.index] if label else "", text)

    def __iter__(self) -> Any:
        found = self.found
        yield self.row("verdict", self.verdict())
        if found.answers and not found.right:
            yield from self.answer(found.answers[0])
            yield self.row("evidence", self.evidence(found.answers[0]))
            yield from self.by_layer(found.answers[0])
        elif found.verdict == "unknown":
            yield from self.by_layer(None)
            if found.closest:
                yield self.row("closest", self.say(
                    "closest", what=self.named(found.closest), after=found.closest.residual
                ))  # fmt: skip
        yield from self.scales()
        if found.single:
            yield self.row("rounding", WORDS["float32_noise"].looks[self.index])
        yield from self.others()
        layout = self.layout()
        if layout:
            yield self.row("layout", layout)
        for remark in found.remarks:
            yield self.row("remark", remark[self.index])
        for reason, keys in found.unseen.items():
            what = self.joined([WORDS[key].name[self.index] for key in keys])
            yield self.row("unseen", self.say(f"unseen {reason}", what=what))

    def joined(self, parts: list[str]) -> str:
        """A list, as a sentence of the language has it."""
        return self.say("list").join(parts)

    def verdict(self) -> str:
        """The one line that matters."""
        found = self.found
        if found.answers and not found.right:
            return self.say("mistake", what=self.named(found.answers[0]))
        return self.say(found.verdict, residual=found.residual)

    def named(self, answer: Answer) -> str:
        """Mistakes by name, each with where it is."""
        parts = []
        for mistake in answer.mistakes:
            name, where = WORDS[mistake.key].name[self.index], mistake.where(self.lang)
            parts.append(self.say("at", name=name, where=where) if where else name)
        return self.say("and").join(parts)

    def answer(self, answer: Answer) -> Any:
        """Formulas, wrong and right, and the note's line, mistake by mistake."""
        for mistake in answer.mistakes:
            words = WORDS[mistake.key]
            yield self.row("wrong", formula(words.wrong, mistake, self.found.names, self.lang))
            yield self.row("right", formula(words.right, mistake, self.found.names, self.lang))
            yield self.row("note", words.note.text(self.index))

    def evidence(self, answer: Answer) -> str:
        """Residual before and after the hypothesis."""
        sentence = "evidence" if len(answer.mistakes) == 1 else "evidence, several"
        if {detail for mistake in answer.mistakes for _, detail in mistake.places} == {"row"}:
            sentence = "evidence, row"
        return self.say(sentence, before=self.found.residual, after=answer.residual)

    def by_layer(self, answer: Answer | None) -> Any:
        """Residuals layer by layer."""
        for layer, before in sorted(self.found.residuals.items()):
            after = answer.residuals[layer] if answer else None
            arrow = "" if after is None else f" → {after:.1e}"
            yield self.row("", f"∂J/∂Θ^({layer})  {before:.1e}{arrow}")

    def scales(self) -> Any:
        """Numbers fitted to a gradient that is a multiple of the right one."""
        for layer, (α, β) in sorted(self.found.scales.items()):
            added = f" {'-' if β < 0 else '+'} {abs(β):.6g} · (λ/m) Θ^({layer})"
            penalty = added if self.found.names["lam"] else ""
            yield self.row("fitted", f"∂J/∂Θ^({layer}) = {α:.6g} · Δ^({layer})/m{penalty}")

    def others(self) -> Any:
        """Explanations that fit as well."""
        others = self.found.answers[1:]
        if not others:
            return
        yield self.row("or", self.say("equal"))
        for answer in others[:5]:
            yield self.row("", f"· {self.named(answer)}")
        if len(others) > 5:
            yield self.row("", self.say("more", count=len(others) - 5))

    def layout(self) -> str:
        """How the arrays were read, where that is not the note's own way."""
        layout, parts = self.found.layout, []
        if layout.flat:
            parts.append(self.say(f"flat {layout.flat}"))
        if layout.bias != "first":
            parts.append(self.say(f"bias {layout.bias}"))
        if layout.reverse:
            parts.append(self.say("reverse"))
        if layout.transposed:
            thetas = ", ".join(f"∂J/∂Θ^({layer})" for layer in layout.transposed)
            parts.append(self.say("transposed", what=thetas))
        parts += [self.say("extra", layer=layer) for layer in layout.extra]
        return self.joined(parts)
