"""tar and the compressed streams: what is in them, whole, broken and hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import MAGIC, NO, Child, Format, Refused
from services.fetcher.formats.compressed import Bzip2, Gzip, Xz, Zstandard
from services.fetcher.formats.tar_archive import TarArchive
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.source import Source, stream_of
from tests.unit.unwrapping import children, limits, reasons, recognised, unwrap

TEXT = b"News of the day, told at some length. " * 40
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00note"


def _zstd(data: bytes) -> bytes:
    return zstd.compress(data, options={int(zstd.CompressionParameter.checksum_flag): 1})


METHODS: list[tuple[Format, Callable[[bytes], bytes], str]] = [
    (Bzip2(), bz2.compress, ".bz2"),
    (Xz(), lzma.compress, ".xz"),
    (Zstandard(), _zstd, ".zst"),
]


def _lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


def tar_of(
    *members: tuple[str, bytes],
    form: int = tarfile.PAX_FORMAT,
    kinds: dict[str, bytes] | None = None,
) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.type = (kinds or {}).get(name, tarfile.REGTYPE)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(("form", "compress", "suffix"), METHODS)
class TestCompressed:
    def test_one_file_named_without_its_suffix(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        data = compress(TEXT)
        assert recognised(form, data) == MAGIC
        [child] = children(list(unwrap(form, data, f"dir/page.html{suffix}")))
        assert (child.data, child.name) == (TEXT, "page.html")

    def test_several_streams_are_one(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        data = compress(b"one ") + compress(b"") + compress(b"two") + b"\0" * 512
        found = list(unwrap(form, data))
        assert [child.data for child in children(found)] == [b"one two"]
        assert reasons(found) == []

    def test_what_stands_behind_is_refused(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        *first, last = unwrap(form, compress(TEXT) + b"\0\0rubbish")
        assert [child.data for child in children(first)] == [TEXT]
        assert isinstance(last, Refused)
        assert (last.reason, last.data) == ("trailing_data", b"\0\0rubbish")

    def test_cut_short(self, form: Format, compress: Callable[[bytes], bytes], suffix: str) -> None:
        [refused] = unwrap(form, compress(TEXT)[:-9])
        assert isinstance(refused, Refused)
        assert refused.reason in (f"truncated_{form.name}", f"corrupt_{form.name}")

    def test_corrupt(self, form: Format, compress: Callable[[bytes], bytes], suffix: str) -> None:
        data = bytearray(compress(TEXT))
        data[len(data) // 2] ^= 0xFF
        data[len(data) // 2 + 1] ^= 0xFF
        assert reasons(list(unwrap(form, bytes(data)))) == [f"corrupt_{form.name}"]

    def test_a_bomb_is_refused_after_little_of_it(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        bomb = compress(b"\0" * 30_000_000)
        tracemalloc.start()
        assert reasons(list(unwrap(form, bomb))) == ["zip_bomb"]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 20_000_000

    def test_the_total_counts(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        with pytest.raises(Exhausted, match="max_total_bytes"):
            list(unwrap(form, compress(TEXT), settings=limits(max_total_bytes=1_000)))

    def test_many_streams_count_as_members(
        self, form: Format, compress: Callable[[bytes], bytes], suffix: str
    ) -> None:
        with pytest.raises(Exhausted, match="max_members"):
            list(unwrap(form, compress(b"x") * 200, settings=limits(max_members=100)))


def test_lzma_without_a_magic_number() -> None:
    data = _lzma_alone(TEXT)
    assert recognised(Xz(), data) == MAGIC
    assert [child.data for child in children(list(unwrap(Xz(), data)))] == [TEXT]
    assert recognised(Xz(), b"] This is a text that begins with a bracket.") == NO


def test_skippable_frames_are_passed() -> None:
    data = SKIPPABLE + zstd.compress(b"one ") + SKIPPABLE + zstd.compress(b"two") + SKIPPABLE
    assert recognised(Zstandard(), data) == MAGIC
    assert recognised(Zstandard(), SKIPPABLE) == NO
    found = list(unwrap(Zstandard(), data))
    assert [child.data for child in children(found)] == [b"one two"]
    assert reasons(found) == []


def test_memory_that_a_stream_asks_for_is_limited() -> None:
    parameters = {int(zstd.CompressionParameter.window_log): 30}
    compressor = zstd.ZstdCompressor(options=parameters)
    wide = compressor.compress(b"x" * 1000) + compressor.flush()
    assert reasons(list(unwrap(Zstandard(), wide))) == ["too_large"]
    alone = bytearray(_lzma_alone(TEXT))
    alone[1:5] = (1 << 31).to_bytes(4, "little")
    assert reasons(list(unwrap(Xz(), bytes(alone)))) == ["too_large"]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_of_a_tar_in_order(form: int) -> None:
    long = "a/" * 60 + "é" * 30 + ".txt"
    data = tar_of((long, TEXT), ("b.html", b""), ("c.txt", b"x" * 512), form=form)
    assert recognised(TarArchive(), data) == MAGIC
    found = children(list(unwrap(TarArchive(), data)))
    assert [(child.name, child.data) for child in found] == [
        (long, TEXT), ("b.html", b""), ("c.txt", b"x" * 512)
    ]  # fmt: skip
    assert [child.step for child in found] == [long, "b.html", "c.txt"]


def test_an_old_tar_is_known_by_its_checksum() -> None:
    block = bytearray(tarfile.TarInfo("old.txt").tobuf(tarfile.USTAR_FORMAT))
    block[257:512] = bytes(255)
    block[124:136] = b"%011o " % 5
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    data = bytes(block) + b"hello".ljust(512, b"\0") + bytes(1024)
    assert recognised(TarArchive(), data) == MAGIC
    assert recognised(TarArchive(), b"A text of some length. " * 40) == NO
    assert [child.data for child in children(list(unwrap(TarArchive(), data)))] == [b"hello"]


def test_names_that_are_no_utf8_are_readable() -> None:
    data = tar_of(("bjorn.txt", TEXT), form=tarfile.USTAR_FORMAT)
    block = bytearray(data[:512])
    block[2:3] = b"\xf6"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    assert [c.name for c in children(list(unwrap(TarArchive(), bytes(block) + data[512:])))] == [
        "björn.txt"
    ]


def test_what_is_no_file_and_litter_is_skipped_with_a_reason() -> None:
    kinds = {
        "dir": tarfile.DIRTYPE, "soft": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
        "dev": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE,
    }  # fmt: skip
    names = [*kinds, "a/._x.txt", "__MACOSX/y", "z/.DS_Store", "../../etc/passwd"]
    data = tar_of(*((name, b"" if name in kinds else TEXT) for name in names), kinds=kinds)
    found = list(unwrap(TarArchive(), data))
    assert reasons(found) == [
        "directory", "symbolic_link", "hard_link", "device", "fifo", "litter", "litter", "litter"
    ]  # fmt: skip
    assert [child.name for child in children(found)] == ["../../etc/passwd"]


def test_an_empty_tar() -> None:
    assert reasons(list(unwrap(TarArchive(), bytes(10_240)))) == ["empty"]


def test_a_tar_that_breaks_off_gives_what_came_before() -> None:
    data = tar_of(("a.txt", TEXT), ("b.txt", TEXT))
    found = list(unwrap(TarArchive(), data[: 512 * 5 + 100]))
    assert [child.data for child in children(found)] == [TEXT]
    assert reasons(found) == ["truncated_tar"]


def test_a_corrupt_header_ends_a_tar_after_what_came_before() -> None:
    data = bytearray(tar_of(("a.txt", TEXT), ("b.txt", TEXT), form=tarfile.USTAR_FORMAT))
    data[512 * 4 + 3] ^= 1
    found = list(unwrap(TarArchive(), bytes(data)))
    assert [child.data for child in children(found)] == [TEXT]
    assert reasons(found) == ["corrupt_tar"]


def test_sizes_that_lie() -> None:
    info = tarfile.TarInfo("big.txt")
    info.size = 10_000_000_000
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        data = info.tobuf(form) + TEXT
        assert reasons(list(unwrap(TarArchive(), data))) == ["truncated_tar"]
    info.type = tarfile.GNUTYPE_LONGNAME
    data = info.tobuf(tarfile.GNU_FORMAT) + TEXT
    assert reasons(list(unwrap(TarArchive(), data))) == ["too_large"]


def test_a_sparse_file_is_refused_and_the_next_goes_on() -> None:
    info = tarfile.TarInfo("holes")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[482] = 1
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data = bytes(header) + bytes(512) + b"x" * 512 + tar_of(("b.txt", TEXT))
    found = list(unwrap(TarArchive(), data))
    assert reasons(found) == ["unsupported_format"]
    assert [child.name for child in children(found)] == ["b.txt"]


def test_a_tar_of_any_size_streams() -> None:
    page = b"<p>" + b"A page of a large archive. " * 10_000
    header = tarfile.TarInfo("page.html")
    header.size = len(page)
    block = header.tobuf() + page + bytes(-len(page) % 512)

    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield block

    budget = Budget(limits())
    source = Source(stream_of(pieces()), limit=1_000_000)
    tracemalloc.start()
    count = 0
    for found in TarArchive().unwrap(source, budget):
        assert isinstance(found, Child)
        assert not isinstance(found.data, bytes)
        count += found.data.read(100_000)[:3] == b"<p>"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200
    assert peak < 4_000_000


def test_gzip_in_tar_in_xz() -> None:
    inner = tar_of(("a.txt.gz", gzip.compress(TEXT)), ("b.txt", b"plain"))
    [tar] = children(list(unwrap(Xz(), lzma.compress(inner), "all.tar.xz")))
    assert tar.name == "all.tar"
    assert isinstance(tar.data, bytes)
    first, second = children(list(unwrap(TarArchive(), tar.data)))
    assert isinstance(first.data, bytes)
    [text] = children(list(unwrap(Gzip(), first.data, first.name)))
    assert (text.name, text.data, second.data) == ("a.txt", TEXT, b"plain")


SAMPLES: list[tuple[Format, bytes]] = [
    *((form, compress(TEXT) * 2) for form, compress, _ in METHODS),
    (Xz(), _lzma_alone(TEXT)),
    (TarArchive(), tar_of(("a" * 120, TEXT), ("b", b"x"))),
    (TarArchive(), tar_of(("a" * 120, TEXT), ("b", b"x"), form=tarfile.GNU_FORMAT)),
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_but_refusals_leaves_what_is_damaged(data: st.DataObject) -> None:
    form, sample = data.draw(st.sampled_from(SAMPLES))
    damaged = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    source = Source(bytes(damaged), limit=1_000_000)
    with suppress(PartRefused, Exhausted):
        for found in form.unwrap(source, Budget(limits(max_members=50))):
            if isinstance(found, Child) and not isinstance(found.data, bytes):
                found.data.read()
