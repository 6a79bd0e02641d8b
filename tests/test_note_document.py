"""The note as a document: it runs, says the same in both languages, and nothing is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs.document import blocks, cells, pictures, program, said
from tests.documents import (
    ROOT,
    anchor,
    check_programs,
    headings,
    links,
    names_of_tests,
    prose,
    sections,
)

DOCS = ROOT / "docs"
NOTES = ["note.en.md", "note.zh.md"]
NOTEBOOKS = ["00_note.ipynb", "00_note.zh.ipynb"]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": "", "OPENBLAS_NUM_THREADS": "1"}
both = pytest.mark.parametrize("note", NOTES)
CITED = re.compile(r"\[`(test_\w+)`\]\(\.\./tests/(test_\w+\.py)\)")


def text(note: str) -> str:
    return (DOCS / note).read_text("utf-8")


def test_every_cell_runs_and_prints_what_it_says() -> None:
    check_programs(blocks(text("note.en.md"), "python"), "note.en.md")


def test_a_changed_output_fails() -> None:
    programs = blocks(text("note.en.md"), "python")[:4]
    assert "(5, 4)" in programs[2]
    check_programs(programs, "as it is")
    programs[2] = programs[2].replace("(5, 4)", "(4, 5)")
    with pytest.raises(AssertionError):
        check_programs(programs, "with a false claim")


# ---- both languages say the same ----


def test_both_languages_have_the_same_cells_and_formulas() -> None:
    english, chinese = map(text, NOTES)
    assert blocks(english, "python") == blocks(chinese, "python")
    assert blocks(english, "text") == blocks(chinese, "text")
    assert prose(english).count("```") == prose(chinese).count("```") == 0


def test_both_languages_have_the_same_headings_pictures_and_tests() -> None:
    english, chinese = map(text, NOTES)

    def numbers(note: str) -> list[tuple[int, str]]:
        found = [(level, re.match(r"[\d.]*", words)) for level, words in headings(note)]
        return [(level, number[0] if number else "") for level, number in found]

    assert numbers(english) == numbers(chinese)
    assert [path for _, path in pictures(english)] == [path for _, path in pictures(chinese)]
    assert CITED.findall(english) == CITED.findall(chinese)
    for (heading, one), (_, other) in zip(sections(english), sections(chinese), strict=True):
        for piece in ("```python", "```text", "![", "](../tests/", "\n\n> "):
            assert one.count(piece) == other.count(piece), f"{heading}: {piece}"


def test_both_term_lists_have_the_same_terms_in_the_same_order() -> None:
    def rows(note: str) -> list[list[str]]:
        (table,) = [part for heading, part in sections(text(note)) if heading.startswith("6.")]
        return [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]

    for english, chinese in zip(*map(rows, NOTES), strict=True):
        assert english[0].startswith(chinese[1]), english
        assert chinese[0].startswith(english[1]), english
        assert english[3:] == chinese[3:], english


# Other words, each seen in some text on the subject, for what the list of terms has a word for.
OTHER_WORDS = [
    *("节点", "激活值", "损失", "伴随", "余切向量", "权值", "偏差", "偏移", "正规化", "敏感度"),
    *("二次代价", "逻辑代价", "幻灯片", "前馈", "后向", "反传", "逆向", "梯度检查"),
]


@pytest.mark.parametrize("document", ["README.zh.md", "docs/note.zh.md", "docs/classroom.zh.md"])
def test_chinese_texts_use_the_words_of_the_list(document: str) -> None:
    written = (ROOT / document).read_text("utf-8")
    assert not [word for word in OTHER_WORDS if word in written]


def test_the_readme_uses_most_of_the_list_and_explains_the_cotangent_as_it_does() -> None:
    readme = (ROOT / "README.zh.md").read_text("utf-8")
    words = ["单元", "偏置", "权重", "代价函数", "梯度", "误差", "计算图", "结点", "规则"]
    explained = "“∂J/∂(这个量)”"
    assert not [word for word in [*words, f"余切（{explained}）"] if word not in readme]  # noqa: RUF001
    (row,) = [line for line in text("note.zh.md").splitlines() if line.startswith("| 余切 |")]
    assert explained in row


# ---- nothing is missing ----


@both
def test_every_formula_has_its_code_output_picture_and_test(note: str) -> None:
    numbered = []
    for heading, part in sections(text(note)):
        if formulas := blocks(part, "text"):
            numbered += map(int, re.findall(r"^ ?\((\d+)\) ", "\n".join(formulas), re.MULTILINE))
            assert any(map(said, blocks(part, "python"))), heading
            assert pictures(part), heading
            assert CITED.search(part), heading
    assert numbered == list(range(1, len(numbered) + 1))
    assert len(numbered) > 30


@both
def test_every_numbered_section_runs_something_and_prints(note: str) -> None:
    for heading, part in sections(text(note)):
        if re.match(r"[0-4]\.\d|0\.", heading):
            assert any(map(said, blocks(part, "python"))), heading
            assert pictures(part), heading
            assert CITED.search(part), heading


@both
def test_every_test_that_is_cited_exists(note: str) -> None:
    cited = CITED.findall(text(note))
    assert len(cited) > 35
    for name, file in cited:
        assert name in names_of_tests(ROOT / "tests" / file), f"{file}::{name}"


@both
def test_each_of_the_six_questions_has_a_place_with_running_code(note: str) -> None:
    parts = {anchor(heading): part for heading, part in sections(text(note))}
    (table,) = [part for name, part in parts.items() if name in ("six-questions", "六个问题")]
    asked = re.findall(r"^\| (?!question|问题|---).*\]\(#([^)]+)\) \|$", table, re.MULTILINE)
    assert len(set(asked)) == 6
    for name in asked:
        assert any(map(said, blocks(parts[name], "python"))), name


@both
def test_every_link_leads_somewhere(note: str) -> None:
    places = {anchor(words) for _, words in headings(text(note))}
    for link in links(text(note)):
        if link.startswith("#"):
            assert link[1:] in places, link
        elif "://" not in link:
            assert (DOCS / link).exists(), link


@both
def test_its_only_addresses_are_the_two_series_of_videos(note: str) -> None:
    """Nothing is fetched: pictures and formulas are in the repository."""
    found = re.findall(r"https?://[^)\s]+", text(note))
    assert [address.rpartition("/")[2] for address in found] == ["av15532370", "av16577449"]


@both
def test_every_term_of_the_list_is_used_in_the_text(note: str) -> None:
    body, _, table = text(note).partition("## 6. ")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line[:2] == "| "][2:]
    assert len(rows) >= 15
    for term, *_ in rows:
        for word in re.split(", |、", re.sub(r" [A-Za-zΘδλ]\S*", "", term)):
            assert word.lower() in body.lower(), f"{word} is in the list of terms only"


# ---- made by scripts ----


def test_the_pictures_are_what_the_cells_draw(tmp_path: Path) -> None:
    """Each is made anew from the running cells: the same bytes. `python docs/make_note.py`."""
    run("make_note.py", tmp_path)
    kept = {path.name: path.read_bytes() for path in (DOCS / "note").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    assert set(kept) == {Path(path).name for _, path in pictures(text("note.en.md"))}
    assert max(map(len, kept.values())) < 30_000


def test_the_notebooks_are_current(tmp_path: Path) -> None:
    """`python docs/make_notebook.py`."""
    run("make_notebook.py", tmp_path)
    for name in NOTEBOOKS:
        kept = (ROOT / "examples" / name).read_text("utf-8")
        assert (tmp_path / name).read_text("utf-8") == kept, name


def run(script: str, folder: Path) -> None:
    subprocess.run([sys.executable, DOCS / script, folder], check=True, env=ENVIRONMENT)


@pytest.mark.parametrize(("note", "name"), [*zip(NOTES, NOTEBOOKS, strict=True)])
def test_a_notebook_is_the_note(note: str, name: str) -> None:
    import nbformat

    path = ROOT / "examples" / name
    nbformat.validate(nbformat.read(path, as_version=4))
    made = json.loads(path.read_text("utf-8"))["cells"]
    kept = [(kind, part.strip()) for kind, part in cells(text(note)) if part.strip()]
    assert len(made) == len(kept)
    for cell, (kind, part) in zip(made, kept, strict=True):
        source = "".join(cell["source"])
        if kind == "python":
            assert source == program(part)
            assert [o["text"] for o in cell["outputs"]] == ([lines(part)] if said(part) else [])
        for _, picture in pictures(source):
            assert (path.parent / picture).exists(), picture
        for link in links(source):
            assert "://" in link or (path.parent / link).exists(), link


def lines(part: str) -> list[str]:
    return [f"{line}\n" for line in said(part)]


@pytest.mark.slow
def test_the_notebook_runs_and_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Executed by Jupyter's own client; the cells of both languages are the same."""
    import nbclient
    import nbformat

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    kept = nbformat.read(ROOT / "examples" / NOTEBOOKS[0], as_version=4)
    ran = nbformat.from_dict(kept)
    nbclient.NotebookClient(ran, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()

    def printed(cell: Any) -> str:
        streams = [o["text"] for o in cell.get("outputs", []) if o["output_type"] == "stream"]
        return "".join("".join(part) for part in streams)

    assert [printed(cell) for cell in ran["cells"]] == [printed(cell) for cell in kept["cells"]]
    drawn = [o for cell in ran["cells"] for o in cell.get("outputs", []) if "data" in o]
    assert len(drawn) >= 3  # ag.draw shows itself
    assert all("image/svg+xml" in output["data"] for output in drawn)
