"""The frame of the project: quick import, public names, command line, wheel, lock file, READMEs."""

from __future__ import annotations

import itertools
import re
import socket
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

import joyflash
from joyflash.cli import app
from joyflash.errors import ConfigError
from joyflash.model.config import ModelConfig
from joyflash.model.loading import ASSETS

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    ["serve"],
    ["plan"],
    ["generate"],
    ["agent"],
    ["chat"],
    ["pretrain"],
    ["sft"],
    ["dpo"],
    ["rl"],
    ["rollouts"],
    ["pairs"],
    ["report"],
    ["eval"],
    ["export"],
    ["quantize"],
    ["merge"],
    ["grow"],
    ["tokenizer", "train"],
    ["tokenizer", "encode"],
    ["data", "build"],
    ["data", "show"],
    ["data", "check"],
]


def _python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def test_import_and_help_need_no_torch():
    code = (
        "import sys, joyflash, joyflash.cli; print([n for n in ('torch', 'tokenizers', 'fastapi') if n in sys.modules])"
    )
    assert _python(code).strip() == "[]"


def test_public_names():
    from joyflash.engine.engine import Engine
    from joyflash.model.loading import load_model

    assert joyflash.load_model is load_model
    assert joyflash.Engine is Engine
    assert callable(joyflash.optim.Muon) and callable(joyflash.rl.fiberpo.gate)
    assert joyflash.__version__ == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = joyflash.nothing


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]):
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert f"Example: joyflash {' '.join(command)}" in " ".join(result.output.split())


def test_all_commands_are_listed_here():
    found = [[command.name or command.callback.__name__] for command in app.registered_commands if command.callback]
    for group in app.registered_groups:
        found += [[group.name, command.name] for command in group.typer_instance.registered_commands]
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["tokenizer", "encode", "x", "--model", "no-such-model"], "error: There is no model folder 'no-such-model'"),
        (["data", "show", "no-such-folder"], "error: no-such-folder holds no token shard"),
        (["data", "check", "no-such-file.jsonl"], "error: The data file no-such-file.jsonl does not exist"),
        (["pretrain", "no-such-recipe.py", "--out", "x"], "error: There is no recipe file no-such-recipe.py"),
        (["generate", "hi", "--concurrency", "2"], "error: --concurrency goes with -o"),
        (["generate", "hi", "--temperature", "-1"], "error: temperature must be a number"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_expected_errors_are_one_line(command: list[str], message: str):
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1


def test_a_port_in_use_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"error: Port {port} on 127.0.0.1 is in use. Stop the other server or choose another with --port.\n"
    )


def test_a_longer_context_than_the_models_is_refused(monkeypatch: pytest.MonkeyPatch):
    def loaded(model: str, *, max_context: int | None, **options: object) -> None:
        raise ConfigError(f"loaded with {max_context}")

    monkeypatch.setattr("joyflash.engine.engine.Engine.from_pretrained", loaded)
    known = ModelConfig.from_folder(ASSETS / "nano").max_position_embeddings
    for options, message in (
        (["--context", str(known + 1)], f"--context is {known + 1}; nano knows {known} positions."),
        (["--context", str(known)], f"loaded with {known}"),
        ([], "loaded with None"),
    ):
        result = CliRunner().invoke(app, ["serve", "--port", "0", *options])
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: {message}") and result.stderr.count("\n") == 1


def test_serve_tells_the_engine_how_large_its_cache_is(monkeypatch: pytest.MonkeyPatch):
    def loaded(model: str, *, cache_tokens: int | None, **options: object) -> None:
        raise ConfigError(f"loaded with {cache_tokens}")

    monkeypatch.setattr("joyflash.engine.engine.Engine.from_pretrained", loaded)
    for options, found in ((["--cache-tokens", "4096"], "4096"), ([], "None")):
        result = CliRunner().invoke(app, ["serve", "--port", "0", *options])
        assert result.exit_code == 2 and result.stderr.startswith(f"error: loaded with {found}")


def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch):
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("joyflash.data.shards.find_indexes", interrupted)
    result = CliRunner().invoke(app, ["data", "show", "x"])
    assert (result.exit_code, result.output) == (130, "")


def test_a_chat_file_is_checked(tmp_path: Path):
    path = tmp_path / "chat.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n{}\n')
    result = CliRunner().invoke(app, ["data", "check", str(path)])
    assert result.exit_code == 1
    assert "line 2: 'messages' must be a list" in result.output
    assert "1 good rows, 1 bad rows" in result.output
    assert "0 with a thought, 0 with tools" in result.output
    for more in (["--bad-rows", "skip"], ["--bad-rows", "skip", "--row-tokens", "3"]):
        result = CliRunner().invoke(app, ["data", "check", str(path), *more])
        assert result.exit_code == 0 and "line 2:" in result.output
    assert "1 do not fit a row of 3 tokens" in result.output
    assert CliRunner().invoke(app, ["data", "check", str(path), "--format", "alpaca"]).exit_code == 2
    assert CliRunner().invoke(app, ["data", "check", str(path), "--bad-rows", "x"]).exit_code == 2


def test_the_wheel_has_everything_that_commands_name(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    (wheel,) = tmp_path.glob("*.whl")
    found = set(zipfile.ZipFile(wheel).namelist())
    package = {path for path in (ROOT / "joyflash").rglob("*") if path.is_file()}
    recipes = set((ROOT / "recipes").rglob("*.py"))
    assert recipes
    expected = {path.relative_to(ROOT).as_posix() for path in package if "__pycache__" not in path.parts}
    expected |= {f"joyflash/{path.relative_to(ROOT).as_posix()}" for path in recipes}
    assert expected <= found


def test_the_lock_pins_every_dependency():
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line) for line in lines)
    pinned = {_normal(line.split("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(itertools.chain(project["dependencies"], *project["optional-dependencies"].values()))
    names = {_normal(re.match(r"[A-Za-z0-9._-]+", line)[0]) for line in wanted}  # type: ignore[index]
    hosts = {"vllm", "sglang", "trl", "verl"}  # we are installed beside them, in an environment that they rule
    assert names - {"joyflash"} - hosts <= pinned


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_readmes_start_with_the_two_commands_and_link_to_files(name: str):
    text = (ROOT / name).read_text("utf-8")
    first = re.search(r"```sh\n(.*?)```", text, re.DOTALL)
    assert first
    assert "make serve" in first[1]
    assert "make test" in first[1]
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (ROOT / link).exists(), link
