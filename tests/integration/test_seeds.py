"""Five real scraped files, sent by a plain producer, end as five right articles."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.search.elastic_index import ElasticIndex
from shared.search.index import Filters
from shared.settings import RuntimeSettings
from tests.chaos.flow import Flow
from tests.shared_data import shared_data

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

FURNITURE = re.compile(
    r"\badvert|spot_img|enter your (comment|name)|skip to (content|footer)|related articles"
    r"|latest articles|^topics:|^source:|^home news|donat(e|ing|ion)|recurring monthly donors"
    r"|click here for more information|support us|giving today",
    re.IGNORECASE | re.MULTILINE,
)
# First words of the title, author, day: as a person reads them off the files.
EXPECTED = {
    'Ukrainian president calls for international "foreign legion"': (["jdheyes"], "2022-02-28"),
    "Ukraine Agrees to Meet for Negotiations": ([], "2022-02-27"),
    "Ukrainian President Volodymyr Zelenskyy has announced": ([], "2022-02-28"),
    "Ukrainian President States Their Defence is at a ‘Turning Point’": ([], None),
    "Peace Talks Between Russia and Ukraine Resume": ([], None),
}


@pytest_asyncio.fixture
async def flow(runtime_settings: RuntimeSettings, tmp_path: Path) -> AsyncIterator[Flow]:
    async with Flow(runtime_settings, tmp_path) as flow:
        yield flow


async def test_seeds_sent_by_kcat(flow: Flow) -> None:
    seeds = sorted(shared_data("seeds").glob("*.txt"))
    assert len(seeds) == 5
    kcat = shutil.which("kcat")
    if kcat is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have kcat")
        pytest.skip("kcat is not installed")
    topic = flow.topology.services["fetcher"].reads.name
    for seed in seeds:
        command = [kcat, "-P", "-b", flow.settings.kafka_bootstrap, "-t", topic, str(seed)]
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=60)
    await flow.drained(5)

    documents = {str(d["title"]): d for d in await flow.documents()}
    for beginning, (authors, day) in EXPECTED.items():
        found = [d for title, d in documents.items() if title.startswith(beginning)]
        assert len(found) == 1, (beginning, list(documents))
        document = found[0]
        assert document.get("authors", []) == authors
        published = document.get("published_at")
        assert (str(published)[:10] if published else None) == day
        assert not FURNITURE.search(str(document["text"])), FURNITURE.search(str(document["text"]))
        assert len(str(document["text"])) > 1500

    index = ElasticIndex(flow.settings)
    try:
        assert (await index.search("Zelensky", Filters())).total == 5
        assert (await index.search('person:"Volodymyr Zelensky"', Filters())).total == 5
        assert (await index.search("Zelenskyy", Filters(entity="Q3874799"))).total == 5
    finally:
        await index.close()
