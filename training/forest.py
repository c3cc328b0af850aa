"""LightGBM's trees in the form that the cleaner evaluates."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np

from services.cleaner.markup.model import LEAVES, Forest


def exported(model: lightgbm.Booster) -> Forest:
    """The trees of ``model``, which have at most ``LEAVES`` leaves and no missing values.

    A threshold is taken down to the next ``float32``, so that a ``float32`` feature goes the same
    way as with LightGBM's doubles.
    """
    trees = model.dump_model()["tree_info"]
    tests = LEAVES - 1
    feature = np.zeros(len(trees) * tests, np.int64)
    threshold = np.full(len(trees) * tests, np.inf, np.float32)
    mask = np.full(len(trees) * tests, 0xFFFF, np.uint16)
    value = np.zeros(len(trees) * LEAVES, np.float32)
    for number, tree in enumerate(trees):
        leaves: list[float] = []
        place = number * tests

        def walk(node: dict[str, Any], leaves: list[float]) -> None:
            nonlocal place
            if "leaf_value" in node:
                leaves.append(node["leaf_value"])
                return
            here = place
            place += 1
            first = len(leaves)
            walk(node["left_child"], leaves)
            struck = sum(1 << leaf for leaf in range(first, len(leaves)))
            walk(node["right_child"], leaves)
            limit = np.float32(node["threshold"])
            if limit > node["threshold"]:
                limit = np.nextafter(limit, np.float32(-np.inf))
            feature[here] = node["split_feature"]
            threshold[here] = limit
            mask[here] = 0xFFFF & ~struck

        walk(tree["tree_structure"], leaves)
        value[number * LEAVES : number * LEAVES + len(leaves)] = leaves
    return Forest(feature, threshold, mask, value)
