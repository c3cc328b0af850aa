"""The body model: its trees, its file, what it is taught with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from services.cleaner.markup.model import (
    EARLY,
    LEAVES,
    SHIPPED,
    Forest,
    Weights,
    WeightsError,
    load,
    save,
    signature,
)
from services.cleaner.markup.vocabulary import Vocabulary
from services.cleaner.markup.weighing import column_names
from training.alignment import shares
from training.sites import FOLDS, fold_of, site_of


def _one_tree() -> Forest:
    """Row 0 above 0.5: leaf 2. Else row 1 above 2: leaf 1, or leaf 0."""
    feature = np.zeros(LEAVES - 1, np.int64)
    threshold = np.full(LEAVES - 1, np.inf, np.float32)
    mask = np.full(LEAVES - 1, 0xFFFF, np.uint16)
    feature[:2] = 0, 1
    threshold[:2] = 0.5, 2.0
    mask[:2] = 0xFFFF & ~0b11, 0xFFFF & ~0b1
    value = np.zeros(LEAVES, np.float32)
    value[:3] = -1.0, 0.0, 3.0
    return Forest(feature, threshold, mask, value)


def test_a_tree_leads_each_block_to_its_leaf() -> None:
    matrix = np.array([[0.5, 0.5, 0.6], [2.0, 2.1, 0.0]], np.float32)
    found = _one_tree().probabilities(matrix)
    assert found == pytest.approx([1 / (1 + np.e), 0.5, 1 / (1 + np.exp(-3))])


def test_trees_add_up() -> None:
    tree = _one_tree()
    both = Forest(*(np.tile(getattr(tree, name), 2) for name in Forest.__slots__))
    found = both.probabilities(np.array([[1.0], [0.0]], np.float32))
    assert found == pytest.approx([1 / (1 + np.exp(-6))])


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    words = Vocabulary({"entry": 0.5}, {"share": -0.2}, {"©": -0.7})
    path = tmp_path / "body.npz"
    save(path, Weights(words, _one_tree(), _one_tree(), 0.4), (["a"], ["a", "b"]))
    weights, signatures = load(path)
    assert weights.vocabulary == words
    assert weights.threshold == 0.4
    assert signatures == [signature(["a"]), signature(["a", "b"])]
    assert np.array_equal(weights.second.mask, _one_tree().mask)


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "body.npz"
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(WeightsError, match=r"body\.npz"):
        load(path)
    with pytest.raises(WeightsError, match="none"):
        load(tmp_path / "none.npz")


def test_the_shipped_weights_were_learnt_with_these_features_and_are_small() -> None:
    weights, signatures = load(SHIPPED)
    assert signatures == [signature(names) for names in column_names(weights)]
    assert SHIPPED.stat().st_size < 1_000_000


def test_feature_names_differ() -> None:
    for names in column_names(load(SHIPPED)[0]):
        assert len(set(names)) == len(names)


def test_alignment_finds_the_article_in_the_page() -> None:
    blocks = [
        "Home News Sport",
        "Harbour reopens after storm",
        "The harbour of the town was opened again on Monday after three days.",
        "Advertisement",
        "Ferries will run as usual, the port said in a statement to the press.",
        "Read also: Ferries will run late",
    ]
    gold = f"{blocks[1]}\n\n{blocks[2]}\n\n{blocks[4]}"
    assert shares(blocks, gold).round(2).tolist() == [0, 1, 1, 0, 1, 0]


def test_alignment_spends_each_word_of_gold_once() -> None:
    sentence = "Nothing of this was known to the council before the vote on Tuesday."
    found = shares(
        ["Start of it all now here.", sentence, sentence], f"Start of it all. {sentence}"
    )
    assert found[1:].sum() == pytest.approx(1.0)


def test_alignment_finds_what_stands_in_another_place() -> None:
    first = "The first paragraph tells of the vote that was held in the evening."
    second = "A second one gives the names of all those who spoke against it."
    third = "In a third the mayor is quoted with a sentence on the budget."
    found = shares([third, first, second], f"{first} {second} {third}")
    assert found.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.news.example/a", "news.example"),
        ("https://news.bbc.co.uk/a", "bbc.co.uk"),
        ("https://a.b.com.br/", "b.com.br"),
        ("https://blog.firm.de/", "firm.de"),
        (None, ""),
    ],
)
def test_sites(url: str | None, site: str) -> None:
    assert site_of(url) == site


def test_a_site_is_whole_in_one_fold() -> None:
    folds = {fold_of(f"https://{name}.paper.example/{name}") for name in ("www", "m", "amp")}
    assert len(folds) == 1
    assert folds <= set(range(FOLDS))


def test_blocks_far_from_the_article_are_judged_by_the_first_trees_alone() -> None:
    tree = _one_tree()
    forest = Forest(*(np.tile(getattr(tree, name), EARLY + 1) for name in Forest.__slots__))
    matrix = np.array([[0.0, 0.0, 0.6], [2.0, 2.1, 0.0]], np.float32)
    # Leaf 0 says -1, leaf 1 says 0, leaf 2 says 3: the first block is left after the first trees.
    logits = np.array([-1.0 * EARLY, 0.0, 3.0 * (EARLY + 1)])
    found = forest.probabilities(matrix, early=True)
    assert found == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)
    logits[0] -= 1
    assert forest.probabilities(matrix) == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-9)
