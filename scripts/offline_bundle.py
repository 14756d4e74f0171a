"""Build a folder that installs deqing_geo on machines without a network (离线安装包).

    python scripts/offline_bundle.py OUT
    python scripts/offline_bundle.py OUT --system windows --python 3.12   # one kind of machine
    python scripts/offline_bundle.py OUT --like EARLIER      # the versions of an earlier folder
    python scripts/offline_bundle.py OUT --wheels FOLDER     # from wheels that lie there

OUT holds wheels, a pinned list with hashes for each kind of machine, the installers, their
printed page 安装说明.html, 许可证.csv and SHA256SUMS. It arrives whole or not at all: a wheel that
is missing, does not fit its machine or may not be handed on is named before anything is moved.

Python itself is not in it: the machine has one, or gets one from whoever looks after it.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from deqing_geo.errors import DeqingGeoError
from deqing_geo.files import sha256, whole_folder

ROOT = Path(__file__).resolve().parent.parent
PARTS = Path(__file__).resolve().parent / "offline"
PACKED = ("deqing_geo", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
OWN, EXTRAS = "deqing-geo", frozenset({"fonts"})
SUMS, LISTS, WHEELS, LICENCES, PAGE = (
    "SHA256SUMS",
    "lists",
    "wheels",
    "许可证.csv",
    "安装说明.html",
)
SYSTEMS, PYTHONS = ("windows", "linux"), ("3.11", "3.12", "3.13")
# The C library of the oldest Linux that offices still have (2.28); every older tag runs on it too.
GLIBC = 28
# The first moment a zip can name: the same sources are the same wheel.
EPOCH = "315532800"
# Markers may ask for the patch of a Python; whoever installs may have the first or the last.
PATCHES = ("0", "99")
# Room an installation takes, over the size of its files: modules are compiled beside their sources.
ROOM = 1.4
NAMED = 5

# What metadata calls a licence that may be handed on with nothing but its text.
PERMISSIVE = re.compile(
    r"MIT|BSD|APACHE|ISC\b|ZLIB|HPND|PSF|PYTHON SOFTWARE|CC0|UNLICENSE|OFL|OPEN FONT"
)
# May be handed on as it is; who changes one of its files publishes that file.
BY_FILE = re.compile(r"MPL|MOZILLA")
# The exception of GCC's run-time library takes its licence's demands away.
COPYLEFT = re.compile(r"\bA?GPL|\bLGPL|GNU |EUPL|SSPL|COMMONS CLAUSE|PROPRIETARY|NON-?COMMERCIAL")
GCC_EXCEPTION = re.compile(r"GPL-[\w.-]+ WITH GCC-EXCEPTION-[\w.]+")
# Their metadata points to another project's; that one's licence stands in our NOTICE.
IN_NOTICE = {"xstatic-leaflet": "BSD-2-Clause", "xstatic-jquery": "MIT"}


class BundleError(DeqingGeoError):
    """What keeps the folder from being made; every fault is named."""


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of machine: 64-bit CPython of one version on Windows or Linux."""

    system: str
    python: str

    @property
    def name(self) -> str:
        """As its list is called, such as ``windows-3.12``."""
        return f"{self.system}-{self.python}"

    @property
    def platforms(self) -> list[str]:
        """Platform tags of wheels that run there, best first."""
        if self.system == "windows":
            return ["win_amd64"]
        old = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
        tags = []
        for minor in range(GLIBC, 4, -1):
            tags.append(f"manylinux_2_{minor}_x86_64")
            if minor in old:
                tags.append(f"{old[minor]}_x86_64")
        return tags

    def tags(self) -> set[Tag]:
        """Tags of wheels that can be installed there."""
        version = tuple(int(part) for part in self.python.split("."))
        interpreter = f"cp{version[0]}{version[1]}"
        return {
            *cpython_tags(version, platforms=self.platforms),
            *compatible_tags(version, interpreter, self.platforms),
        }

    def environments(self, extra: str) -> Iterator[dict[str, str]]:
        """What dependency markers are told there, once for each end of the patches."""
        windows = self.system == "windows"
        for patch in PATCHES:
            yield {
                "extra": extra,
                "implementation_name": "cpython",
                "implementation_version": f"{self.python}.{patch}",
                "os_name": "nt" if windows else "posix",
                "platform_machine": "AMD64" if windows else "x86_64",
                "platform_python_implementation": "CPython",
                "platform_release": "",
                "platform_system": "Windows" if windows else "Linux",
                "platform_version": "",
                "python_full_version": f"{self.python}.{patch}",
                "python_version": self.python,
                "sys_platform": "win32" if windows else "linux",
            }


@dataclass(frozen=True, slots=True, eq=False)
class Wheel:
    """What a wheel says of itself."""

    path: Path
    name: str
    version: Version
    tags: frozenset[Tag]
    requires: tuple[Requirement, ...]
    licence: str
    stated_in: str
    licence_files: tuple[str, ...]
    unpacked: int
    longest: int

    @property
    def kind(self) -> str:
        """宽松, 按文件公开, 不可附带 or 未写明."""
        said = GCC_EXCEPTION.sub("PERMITTED", self.licence.upper())
        if COPYLEFT.search(said):
            return "不可附带"
        if BY_FILE.search(said):
            return "按文件公开"
        return "宽松" if PERMISSIVE.search(said) else "未写明"


def main(argv: list[str] | None = None) -> int:
    """Return 0 when the folder stands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the bundle")
    parser.add_argument("--system", nargs="+", choices=SYSTEMS, default=SYSTEMS)
    parser.add_argument("--python", nargs="+", choices=PYTHONS, default=PYTHONS)
    parser.add_argument(
        "--like", type=Path, metavar="EARLIER", help="versions of an earlier bundle"
    )
    parser.add_argument("--wheels", type=Path, metavar="FOLDER", help="take wheels from here only")
    asked = parser.parse_args(argv)
    targets = [Target(system, python) for system in asked.system for python in asked.python]
    try:
        said = build(asked.out, targets, like=asked.like, wheels=asked.wheels, tell=_tell)
    except DeqingGeoError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; nothing half-written was left", file=sys.stderr)
        return 130
    print(said)
    return 0


def build(
    out: Path,
    targets: list[Target],
    *,
    like: Path | None = None,
    wheels: Path | None = None,
    own: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> str:
    """Collect the wheels of every target, check them, and write the folder.

    Parameters
    ----------
    out : Path
        The folder; what stood there under the same names is replaced, whole or not at all.
    targets : list of Target
        Machines it is for.
    like : Path, optional
        An earlier bundle: every package in the version it had there.
    wheels : Path, optional
        A folder of wheels to take from, instead of the registry pip is set up with.
    own : Path, optional
        This library's wheel; built from the sources if not given.
    tell : callable, optional
        Is told what is being done.

    Returns
    -------
    str
        What was made: files, size, and the hash of SHA256SUMS.

    Raises
    ------
    BundleError
        If a wheel is missing, fits none of its machines or may not be handed on.
    """
    found: dict[Target, list[Wheel]] = {}
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="deqing-bundle-") as name:
        folder = Path(name)
        tell("building the wheel of deqing_geo")
        own = own or own_wheel(folder)
        for target in targets:
            tell(f"collecting wheels for {target.name}")
            where = folder / target.name
            try:
                found[target] = collect(target, own, where, like=like, wheels=wheels)
            except BundleError as error:
                faults.append(str(error))
        if faults:
            raise BundleError("\n".join(faults))
        every = _once(wheel for one in found.values() for wheel in one)
        refused = [
            f"{wheel.path.name} ({wheel.licence})" for wheel in every if wheel.kind == "不可附带"
        ]
        if refused:
            raise BundleError(f"not to be handed on: {_names(refused)}")
        with whole_folder(out, last=SUMS) as draft:
            _write(draft, found, every)
            made = sorted(path for path in draft.rglob("*") if path.is_file())
            size = sum(path.stat().st_size for path in made)
            seal = sha256(draft / SUMS)
    unsaid = [wheel.path.name for wheel in every if wheel.kind == "未写明"]
    lines = [f"{out}: {len(made)} files, {len(every)} wheels, {size / 1e6:.1f} MB"]
    if unsaid:
        lines.append(f"metadata name no licence, see {LICENCES}: {_names(unsaid)}")
    return "\n".join([*lines, f"SHA-256 of {SUMS}, to be told by another way: {seal}"])


def own_wheel(folder: Path) -> Path:
    """Build the wheel of deqing_geo, the same bytes from the same sources."""
    source = folder / "source"
    source.mkdir()
    for name in PACKED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, source / name)
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source), SOURCE_DATE_EPOCH=EPOCH)
    (made,) = folder.glob("*.whl")
    return made


def collect(
    target: Target, own: Path, folder: Path, *, like: Path | None = None, wheels: Path | None = None
) -> list[Wheel]:
    """The wheels that this library needs on a machine of that kind, and no others.

    pip asks dependency markers of the machine it runs on, so ``; sys_platform == "win32"`` is
    missed elsewhere. What is missing is found by walking the wheels with the target's own answers.
    """
    folder.mkdir()
    options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={target.python}"]
    options += [f"--platform={platform}" for platform in target.platforms]
    if wheels is not None:
        options += ["--no-index", "--find-links", str(wheels.absolute())]
    pins = folder / "pins.txt"
    pins.write_text(_earlier(like, target), encoding="ascii")
    options += ["--constraint", str(pins), "--dest", str(folder)]
    wanted = [f"{own}[{','.join(sorted(EXTRAS))}]"]
    while wanted:
        try:
            _pip("download", "--quiet", *options, *wanted)
        except subprocess.CalledProcessError as error:
            raise BundleError(f"{target.name}: {_complaint(error.output)}") from None
        have = {wheel.name: wheel for wheel in map(read_wheel, sorted(folder.glob("*.whl")))}
        needed, missing = closure(have, target)
        held = [f"{wheel.name}=={wheel.version}\n" for wheel in have.values() if wheel.name != OWN]
        pins.write_text("".join(held), encoding="ascii")
        fresh = [text for text in missing if canonicalize_name(Requirement(text).name) not in have]
        if missing and not fresh:
            raise BundleError(f"{target.name}: not met: {_names(missing)}")
        wanted = fresh
    strange = [wheel.path.name for wheel in needed if not wheel.tags & target.tags()]
    if strange:
        raise BundleError(f"{target.name}: wheels for other machines: {_names(strange)}")
    return needed


def closure(have: Mapping[str, Wheel], target: Target) -> tuple[list[Wheel], list[str]]:
    """Wheels reached from this library's by the target's markers, and requirements not met."""
    asked: dict[str, set[str]] = {}
    missing: dict[str, None] = {}
    queue = [(OWN, EXTRAS)]
    while queue:
        name, extras = queue.pop()
        new = set(extras) | {""} if name not in asked else set(extras) - asked[name]
        asked.setdefault(name, set()).update(new)
        for extra in sorted(new):
            for requirement in have[name].requires:
                if not _applies(requirement, target, extra):
                    continue
                key = canonicalize_name(requirement.name)
                held = have.get(key)
                if held is None or not requirement.specifier.contains(
                    held.version, prereleases=True
                ):
                    missing[f"{requirement.name}{requirement.specifier}"] = None
                elif key not in asked or not requirement.extras <= asked[key]:
                    queue.append((key, frozenset(requirement.extras)))
    return [have[name] for name in sorted(asked)], list(missing)


def read_wheel(path: Path) -> Wheel:
    """What the metadata inside a wheel say.

    Parameters
    ----------
    path : Path
        The wheel.

    Returns
    -------
    Wheel
        Its name, tags, demands, licence and size.

    Raises
    ------
    BundleError
        If it is no whole wheel.
    """
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as packed:
            inside = packed.infolist()
            (record,) = (
                entry
                for entry in inside
                if re.fullmatch(r"[^/]+\.dist-info/METADATA", entry.filename)
            )
            meta = message_from_bytes(packed.read(record))
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path.name}: not a whole wheel ({error})") from error
    licence, stated_in = _licence(name, meta)
    texts = [
        entry.filename.partition(".dist-info/")[2]
        for entry in inside
        if re.search(r"\.dist-info/.*(licen|copying|notice)", entry.filename, re.IGNORECASE)
        and not entry.is_dir()
    ]
    return Wheel(
        path,
        name,
        version,
        tags,
        tuple(Requirement(text) for text in meta.get_all("Requires-Dist", [])),
        licence,
        stated_in,
        tuple(sorted(texts)),
        sum(entry.file_size for entry in inside),
        max(len(entry.filename) for entry in inside),
    )


def _licence(name: str, meta: Message) -> tuple[str, str]:
    """The licence in the metadata's shortest words, and which field says so."""
    if name in IN_NOTICE:
        return IN_NOTICE[name], "NOTICE"
    if said := _plain(meta.get("License-Expression")):
        return said, "License-Expression"
    classes = [
        _plain(text).rpartition(" :: ")[2]
        for text in meta.get_all("Classifier", [])
        if str(text).startswith("License :: ") and not str(text).endswith("OSI Approved")
    ]
    if classes:
        return "; ".join(sorted(set(classes))), "Classifier"
    # A whole text stands there at times; its title is enough.
    return re.split(r" https?:| [*=-]{3}", _plain(meta.get("License")))[0][:60].strip(), "License"


def _applies(requirement: Requirement, target: Target, extra: str) -> bool:
    marker = requirement.marker
    if marker is None:
        return extra == ""
    asked = [marker.evaluate(around) for around in target.environments(extra)]
    if not extra:
        return any(asked)
    # Of an extra only what the extra adds.
    return any(asked) and not any(marker.evaluate(around) for around in target.environments(""))


def _write(draft: Path, found: Mapping[Target, list[Wheel]], every: list[Wheel]) -> None:
    (draft / WHEELS).mkdir()
    (draft / LISTS).mkdir()
    hashes = {}
    for wheel in every:
        shutil.copyfile(wheel.path, draft / WHEELS / wheel.path.name)
        hashes[wheel.path.name] = sha256(wheel.path)
    for target, wheels in found.items():
        _put(draft / LISTS / f"{target.name}.txt", _listed(target, wheels, hashes))
    _put(draft / LICENCES, "\ufeff" + _licences(every))
    _put(draft / "install.py", (PARTS / "install.py").read_text(encoding="utf-8"))
    _put(draft / "install.sh", (PARTS / "install.sh").read_text(encoding="utf-8"))
    os.chmod(draft / "install.sh", 0o755)
    (draft / "install.bat").write_bytes(batch_file())
    made = [path for path in draft.rglob("*") if path.is_file()]
    # The page and the sums are still to come; the page is in the sums.
    _put(draft / PAGE, _page(found, len(made) + 1))
    names = {path.relative_to(draft).as_posix(): path for path in [*made, draft / PAGE]}
    _put(draft / SUMS, "".join(f"{sha256(names[name])}  {name}\n" for name in sorted(names)))


def batch_file() -> bytes:
    """install.bat: a Chinese Windows reads it in GBK, by lines that end in CR LF."""
    text = (PARTS / "install.bat").read_text(encoding="utf-8")
    return text.replace("\n", "\r\n").encode("gbk")


def _listed(target: Target, wheels: list[Wheel], hashes: Mapping[str, str]) -> str:
    """A list pip reads, with what the installer must know beforehand as comments."""
    (version,) = (wheel.version for wheel in wheels if wheel.name == OWN)
    head = [
        f"# version {version}",
        f"# unpacked_bytes {sum(wheel.unpacked for wheel in wheels)}",
        f"# longest_path {max(wheel.longest for wheel in wheels)}",
    ]
    if target.system == "linux":
        head.append(f"# glibc {_glibc(wheels, target)}")
    lines = [
        f"{wheel.name}=={wheel.version} --hash=sha256:{hashes[wheel.path.name]}" for wheel in wheels
    ]
    return "\n".join([*head, *lines, ""])


def _glibc(wheels: Iterable[Wheel], target: Target) -> str:
    """The oldest C library on which all of them run: of each wheel its lowest tag that fits."""
    oldest = 5
    named = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
    for wheel in wheels:
        asked = []
        for tag in wheel.tags & target.tags():
            numbers = re.fullmatch(r"manylinux_2_(\d+)_x86_64", tag.platform)
            if numbers:
                asked.append(int(numbers[1]))
            elif tag.platform.removesuffix("_x86_64") in named:
                asked.append(named[tag.platform.removesuffix("_x86_64")])
        oldest = max(oldest, min(asked, default=0))
    return f"2.{oldest}"


def _licences(every: Iterable[Wheel]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["软件包", "版本", "文件", "许可证", "类别", "依据", "许可证文件"])
    for wheel in every:
        row = [
            wheel.name,
            str(wheel.version),
            wheel.path.name,
            wheel.licence or "未写明",
            wheel.kind,
        ]
        row += [wheel.stated_in, "; ".join(wheel.licence_files)]
        # A spreadsheet runs what begins like a formula.
        rows.writerow([f"'{cell}" if cell[:1] in tuple("=+-@") else cell for cell in row])
    return text.getvalue()


def _page(found: Mapping[Target, list[Wheel]], files: int) -> str:
    wheels = next(iter(found.values()))
    (version,) = (wheel.version for wheel in wheels if wheel.name == OWN)
    systems = {"windows": "Windows", "linux": "Linux"}
    machines = {name: [one.python for one in found if one.system == name] for name in SYSTEMS}
    targets = [
        f"{systems[name]}(Python {'、'.join(pythons)})"
        for name, pythons in machines.items()
        if pythons
    ]
    glibc = [_glibc(found[one], one) for one in found if one.system == "linux"] or [f"2.{GLIBC}"]
    room = max(sum(wheel.unpacked for wheel in one) for one in found.values()) * ROOM
    put = {
        "VERSION": str(version),
        "TARGETS": ";".join(targets),
        "GLIBC": max(glibc, key=Version),
        "PYTHONS": "、".join(
            python for python in PYTHONS if any(one.python == python for one in found)
        ),
        "ROOM": f"{room / 1e9 + 0.05:.1f}",
        "FILES": str(files),
    }
    text = (PARTS / "page.html").read_text(encoding="utf-8")
    return re.sub(r"@([A-Z]+)@", lambda found: put[found[1]], text)


def _once(wheels: Iterable[Wheel]) -> list[Wheel]:
    """Each file once; two of one name that differ are a fault of the source."""
    kept: dict[str, Wheel] = {}
    for wheel in wheels:
        held = kept.setdefault(wheel.path.name, wheel)
        if held is not wheel and sha256(held.path) != sha256(wheel.path):
            raise BundleError(
                f"{wheel.path.name} came twice with different content. Try once more."
            )
    return [kept[name] for name in sorted(kept)]


def _earlier(like: Path | None, target: Target) -> str:
    if like is None:
        return ""
    listed = like / LISTS / f"{target.name}.txt"
    if not listed.is_file():
        raise BundleError(
            f"{target.name}: {like} holds no list for it, so its versions are unknown."
        )
    lines = [line.split(" ")[0] for line in listed.read_text(encoding="ascii").splitlines()]
    return "".join(
        f"{line}\n" for line in lines if "==" in line and not line.startswith(f"{OWN}==")
    )


def _pip(*words: str, **settings: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words],
        check=True,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def _complaint(said: str) -> str:
    """What pip could not find, without where it looked."""
    wanted = re.findall(r"No matching distribution found for ([^\n]+)", said)
    if wanted:
        return f"no wheel for {_names(dict.fromkeys(wanted))}"
    errors = [line for line in said.splitlines() if line.startswith("ERROR")]
    return " ".join(errors[:NAMED]) or "pip failed"


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(listed[:NAMED]) + more


def _plain(value: object) -> str:
    """A field of the metadata on one line; what is not said is empty."""
    said = " ".join(str(value or "").split())
    return "" if said.upper() == "UNKNOWN" else said


def _put(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8"))


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
