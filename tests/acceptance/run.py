"""Run suites that others wrote against `joyflash serve` with the bundled model.

    python tests/acceptance/run.py                 # all of them
    python tests/acceptance/run.py openai lm-eval  # some
    python tests/acceptance/run.py --list          # what there is, and what is left out and why

Sources and environments are kept in a folder (--cache), so that only the first run needs the network.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.acceptance.suites import HERE, SUITES, Suite

ROOT = HERE.parents[1]
PATIENCE_SECONDS = 180.0


@dataclass
class Outcome:
    """How a suite went."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""

    @property
    def good(self) -> bool:
        """Something ran, and nothing failed."""
        return self.failed == 0 and self.passed > 0


def main() -> int:
    """Run what the command line names; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="suites to run; none = all")
    parser.add_argument("--list", action="store_true", help="say what there is and what is left out, and end")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "joyflash" / "acceptance")
    parser.add_argument("--report", type=Path, help="write the outcomes there, as JSON")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is stopped too
    known = {suite.name: suite for suite in SUITES}
    unknown = [name for name in options.names if name not in known]
    if unknown:
        print(f"error: There is no suite {unknown[0]!r}; there are {', '.join(known)}.", file=sys.stderr)
        return 2
    chosen = [known[name] for name in options.names or known]
    if options.list:
        for suite in chosen:
            print(f"{suite.name}: {suite.source or 'this repository'}")
            for pattern, reason in suite.left_out:
                print(f"    without {pattern}: {reason}")
        return 0
    options.cache.mkdir(parents=True, exist_ok=True)
    outcomes = [run_suite(suite, options.cache.resolve()) for suite in chosen]
    print_table(chosen, outcomes)
    if options.report:
        options.report.write_text(json.dumps([vars(outcome) for outcome in outcomes], indent=1) + "\n")
    return 0 if all(outcome.good for outcome in outcomes) else 1


def print_table(suites: list[Suite], outcomes: list[Outcome]) -> None:
    """What passed, and what was left out and why."""
    print("\nsuite                passed  failed  skipped  seconds")
    for suite, outcome in zip(suites, outcomes, strict=True):
        counts = f"{outcome.passed:7d} {outcome.failed:7d} {outcome.skipped:8d} {outcome.seconds:8.0f}"
        print(f"{suite.name:20s}{counts}  {outcome.note}")
        for pattern, reason in suite.left_out:
            print(f"    left out: {pattern}: {reason}")


def run_suite(suite: Suite, cache: Path) -> Outcome:
    """Prepare a suite's source and environment, serve, run it."""
    print(f"\n== {suite.name} ({suite.source or 'this repository'})", flush=True)
    python = environment(suite, cache)
    source = fetch(suite, cache)
    work = cache / "work" / suite.name
    work.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with server(suite.serve, work / "serve.log") as url:
        filled = {
            "url": url, "port": url.rpartition(":")[2], "here": str(HERE), "work": str(work), "python": str(python),
            "source": str(source), "own": sys.executable,
        }  # fmt: skip
        outcome = run_command(suite, filled, work) if suite.command else run_pytest(suite, filled, source, work)
    outcome.seconds = time.monotonic() - started
    return outcome


def environment(suite: Suite, cache: Path) -> Path:
    """A virtual environment with what the suite needs; made once for each list of needs."""
    folder = cache / "environments" / re.sub(r"\W+", "-", suite.name)
    python, stamp = folder / "bin" / "python", folder / "needs.txt"
    needs = "\n".join(suite.needs) + "\n"
    if not stamp.is_file() or stamp.read_text() != needs:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        if suite.needs:
            pip(python, "install", "--quiet", *suite.needs)
        stamp.write_text(needs)
    return python


def pip(python: Path, *arguments: str) -> None:
    """Call pip, quietly about itself."""
    subprocess.run([python, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


def fetch(suite: Suite, cache: Path) -> Path:
    """The unpacked distribution with the tests; fetched once."""
    if suite.source is None:
        return ROOT
    folder = cache / "sources" / suite.source.replace("==", "-")
    if not folder.is_dir():
        archives = cache / "archives" / folder.name
        form = ("--only-binary", ":all:") if suite.wheel else ("--no-binary", ":all:")
        pip(Path(sys.executable), "download", "--quiet", "--no-deps", *form, "-d", str(archives), suite.source)
        (archive,) = archives.iterdir()
        raw = folder.with_suffix(".raw")
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                wheel.extractall(raw)
            raw.rename(folder)
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(raw, filter="data")
            (only,) = raw.iterdir()
            only.rename(folder)
            raw.rmdir()
    return folder / suite.folder


@contextlib.contextmanager
def server(options: tuple[str, ...], log: Path) -> Iterator[str]:
    """`joyflash serve` on a free port; gives its address."""
    program = "from joyflash.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--port", "0", *options]
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    with log.open("w") as errors:
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, "PYTHONPATH": search}
        )
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            found = re.search(r"chat at (http://\S+?)/ ", line)
            if found is None:
                raise SystemExit(f"error: the server did not start: {line}{log.read_text()}")
            yield found.group(1)
            if running.poll() is not None:
                raise SystemExit(f"error: the server ended by itself; {log} says why")
        finally:
            running.terminate()
            try:
                running.wait(60)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def run_pytest(suite: Suite, filled: dict[str, str], source: Path, work: Path) -> Outcome:
    """Run a suite of pytest's and count what it reports."""
    report = work / "report.xml"
    report.unlink(missing_ok=True)
    command = [
        filled["python"], "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", f"--junit-xml={report}",
        *suite.paths,
    ]  # fmt: skip
    if suite.expression:
        command += ["-k", suite.expression]
    if suite.marks:
        command += ["-m", suite.marks]
    own = {name: value.format(**filled) for name, value in suite.environment.items()}
    done = subprocess.run(command, cwd=source, env={**clean_environment(), **own}, check=False)
    outcome = Outcome(suite.name, note="" if done.returncode == 0 else f"pytest ended with {done.returncode}")
    if not report.is_file():
        outcome.failed = 1
        return outcome
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            outcome.failed += 1
            print(f"FAILED {case.get('classname')}::{case.get('name')}")
        elif "skipped" in kinds:
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def run_command(suite: Suite, filled: dict[str, str], work: Path) -> Outcome:
    """Run a program that leaves its counts in `outcome.json` of its working folder."""
    result = work / "outcome.json"
    result.unlink(missing_ok=True)
    command = [part.format(**filled) for part in suite.command]
    own = {name: value.format(**filled) for name, value in suite.environment.items()}
    done = subprocess.run(command, cwd=work, env={**clean_environment(), **own}, check=False)
    if not result.is_file():
        return Outcome(suite.name, failed=1, note=f"it ended with {done.returncode} and no result")
    return Outcome(suite.name, **json.loads(result.read_text()))


def clean_environment() -> dict[str, str]:
    """This process's variables without those that would change what a client or a test does."""
    hidden = ("OPENAI_", "ANTHROPIC_", "PYTEST_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


if __name__ == "__main__":
    sys.exit(main())
