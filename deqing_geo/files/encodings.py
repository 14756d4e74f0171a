"""How the text of a table was written: judged from its bytes, not from what stands beside it."""

from __future__ import annotations

import codecs
import contextlib
import re
from pathlib import Path

from deqing_geo.errors import BoundaryFileError
from deqing_geo.files.sources import AGAIN, Source

# A short Chinese value in GBK is also valid UTF-8 in 3.3 % of random pairs of
# characters (measured), so four different ones in a row all are in about 1e-6.
UTF8_WITNESSES = 4
# Western letters taken for Chinese pairs make rare characters: of 63 in 105 Andorran names that
# decode at all, none is common. Chinese names, rare ones too, end in 村, 镇, 社区.
MOSTLY = 0.4
BY_ELIMINATION = "no other encoding fits; look at the names"
_PRIVATE_USE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def table_text(file: Path) -> tuple[str, str]:
    """The text of a table, and how it was written.

    Parameters
    ----------
    file : Path
        Of `local_file`.

    Returns
    -------
    text, encoding : str
        UTF-8, UTF-16 with its mark, or GB 18030, in this order: text in GBK is no UTF-8 but
        by an accident of very few characters.

    Raises
    ------
    BoundaryFileError
        If it is none of these, or cannot be read.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BoundaryFileError(f"{file}: cannot be read ({error.strerror}).") from error
    marked = raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise BoundaryFileError(f"{file}: the text is neither UTF-8 nor GBK. Save it as CSV UTF-8.")


def dbf_encoding(source: Source) -> tuple[str, str]:
    """The encoding of a shapefile's table, judged from its bytes.

    GDAL takes a GBK table without a ``.cpg`` for Latin-1, silently, and believes a
    wrong ``.cpg``.

    Parameters
    ----------
    source : Source
        A shapefile.

    Returns
    -------
    encoding, why : str
        As of `text_encoding`.

    Raises
    ------
    BoundaryFileError
        If the table is damaged or its bytes fit no encoding tried.
    """
    table = source.content(".dbf")
    if table is None:
        raise BoundaryFileError(
            f"{source.label}: its .dbf is missing, so names and codes are lost. {AGAIN}"
        )
    declared = _declared_encoding(source.content(".cpg"))
    return text_encoding(_dbf_texts(table, source.label), source.label, declared)


def text_encoding(values: set[bytes], called: str, declared: str | None = None) -> tuple[str, str]:
    """The encoding of texts, judged from their bytes.

    The order: text that is valid UTF-8 and says so (Chinese, or too many values to be
    chance); text in the plain Chinese plane of GB 2312; what is declared; GB 18030; else a
    refusal.

    Parameters
    ----------
    values : set of bytes
        The different texts that are not plain ASCII.
    called : str
        The file, for the message.
    declared : str, optional
        What the file says of itself.

    Returns
    -------
    encoding : str
        A name Python and GDAL both know.
    why : str
        The evidence, for the reading notes.

    Raises
    ------
    BoundaryFileError
        If the bytes fit no encoding tried.
    """
    if declared == "utf-8":
        # Tried first in any case; a declaration adds nothing to bytes that are not.
        declared = None
    if not values:
        return "UTF-8", "the table is plain ASCII"
    if (text := _decode_all(values, "utf-8", cut=True)) and (
        _CJK.search(text) or len(values) >= UTF8_WITNESSES
    ):
        return "UTF-8", "every value is valid UTF-8"
    if _decode_all(values, "gb2312", cut=True):
        return "GB18030", "every value is plain GB 2312"
    text = _decode_all(values, "gb18030", cut=True)
    if (
        declared
        and _decode_all(values, declared, cut=True)
        and not (_agrees_with_all(declared) and text and _mostly_common(text))
    ):
        return declared, "declared by the .cpg, and every value agrees"
    if text and not _PRIVATE_USE.search(text):
        return "GB18030", BY_ELIMINATION
    raise BoundaryFileError(
        f"{called}: the text fits neither UTF-8 nor GB 18030"
        f"{f' nor {declared}, as its .cpg says' if declared else ''}. "
        "Save it again as a GeoPackage, or with a .cpg that names its encoding."
    )


def _agrees_with_all(encoding: str) -> bool:
    """Whether an encoding takes nearly any byte for a letter, so that agreeing says nothing."""
    try:
        return len(bytes(range(0xA1, 0xFF)).decode(encoding)) == 0xFF - 0xA1
    except UnicodeDecodeError:
        return False


def _mostly_common(text: str) -> bool:
    """Whether text reads as Chinese: western letters taken for it make rare characters."""
    foreign = [char for char in text if not char.isascii()]
    common = 0
    for char in foreign:
        with contextlib.suppress(UnicodeEncodeError):
            char.encode("gb2312")
            common += 1
    return common > MOSTLY * len(foreign)


def _declared_encoding(cpg: bytes | None) -> str | None:
    if cpg is None:
        return None
    name = cpg.removeprefix(codecs.BOM_UTF8).decode("ascii", "ignore").strip()
    latin = re.fullmatch(r"(?:ISO[ -]?)?8859-?(\d{1,2})", name, re.IGNORECASE)
    spellings = [f"iso8859-{latin[1]}"] if latin else []
    for spelling in (*spellings, name, name.replace("ANSI ", "cp"), f"cp{name}"):
        with contextlib.suppress(LookupError, ValueError):
            found = codecs.lookup(spelling)
            # rot13 and hex are codecs too.
            if getattr(found, "_is_text_encoding", False) and "escape" not in found.name:
                return found.name
    return None


def _decode_all(values: set[bytes], encoding: str, *, cut: bool) -> str | None:
    """All values decoded and joined, or None; `cut` forgives a character cut at the field's end."""
    texts = []
    for value in values:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            texts.append(decoder.decode(value, final=not cut))
        except UnicodeError:
            return None
    return "\n".join(texts)


def _dbf_texts(table: bytes, called: str) -> set[bytes]:
    """The different non-ASCII texts of a .dbf, field names included."""
    import numpy as np

    content = np.frombuffer(table, dtype=np.uint8)
    damaged = BoundaryFileError(f"{called}: the table is damaged. {AGAIN}")
    if len(content) < 33:
        raise damaged
    header = content[:32].tobytes()
    count = int.from_bytes(header[4:8], "little")
    body_at = int.from_bytes(header[8:10], "little")
    width = int.from_bytes(header[10:12], "little")
    if width < 1 or not 33 <= body_at <= len(content):
        raise damaged
    values: set[bytes] = set()
    columns = []
    start = 1
    for at in range(32, body_at - 1, 32):
        field = content[at : at + 32].tobytes()
        if field[:1] == b"\r" or len(field) < 32:
            break
        name = field[:11].split(b"\0")[0]
        if not name.isascii():
            values.add(name)
        if field[11:12] == b"C":
            columns.append((start, start + field[16]))
        start += field[16]
    rows = min(count, (len(content) - body_at) // width)
    records = content[body_at : body_at + rows * width].reshape(rows, width)
    for first, last in columns:
        column = records[:, first : min(last, width)]
        column = column[(column >= 0x80).any(axis=1)]
        if len(column):
            # As one opaque value a row: a set of those is a hundred times faster than np.unique.
            opaque = np.ascontiguousarray(column).view(f"V{column.shape[1]}").ravel()
            values.update(row.rstrip(b" \0") for row in set(opaque.tolist()))
    return values
