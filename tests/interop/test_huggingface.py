"""transformers' Auto classes on exported folders: logits, files back, tokenizer, chat template, and the old release."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
import torch

from joyflash.convert.export import export_folder
from joyflash.errors import CheckpointError
from joyflash.interop.huggingface import register
from joyflash.model.checkpoint import read_model, save_model
from joyflash.model.loading import model_folder
from joyflash.text.template import ChatTemplate
from joyflash.text.tokenizer import Tokenizer
from tests.model.conftest import SHAPES, TINY, random_model

transformers = pytest.importorskip("transformers", reason="the peer of this test; installed by make setup")

OLD_RELEASE = "JOYFLASH_TRANSFORMERS_457"
CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Which is bigger, 9.9 or 9.11? 哪个大？🙂"},
    {"role": "assistant", "content": "9.9"},
    {"role": "user", "content": "Thanks!"},
]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.fixture(params=SHAPES)
def shape(request):
    return SHAPES[request.param]


def nano_folder() -> Path:
    try:
        return model_folder("nano")
    except CheckpointError as error:
        pytest.skip(str(error))


def relative(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm().clamp(min=1e-12))


def tokens_for(vocabulary: int, rows: int = 2, length: int = 53) -> torch.Tensor:
    return torch.randint(vocabulary, (rows, length), generator=torch.Generator().manual_seed(3))


def load(folder: Path):
    """What a user of transformers writes."""
    register()
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


@torch.no_grad()
@pytest.mark.parametrize("format", ["hf", "deepseek_v3"])
def test_logits_equal_on_random_shapes(shape, format, tmp_path):
    save_model(random_model(shape), tmp_path / "source")
    export_folder(tmp_path / "source", tmp_path / "out", format)
    tokens = tokens_for(shape.vocab_size)
    assert relative(load(tmp_path / "out")(tokens).logits, read_model(tmp_path / "source")(tokens)) <= 1e-5


@torch.no_grad()
@pytest.mark.parametrize("padded", [False, True])
def test_logits_equal_on_nano(padded, tmp_path):
    folder = nano_folder()
    export_folder(folder, tmp_path / "out", "hf", torch.float32, padded=padded)
    ours, theirs = read_model(folder), load(tmp_path / "out")
    tokens = torch.tensor(
        [Tokenizer.from_pretrained(folder).encode("The quick brown fox. 你好，世界！ def f(x): return x")]
    )
    assert relative(theirs(tokens).logits, ours(tokens)) <= (1e-4 if padded else 1e-5)


def test_files_of_transformers_come_back_bit_exact(shape, tmp_path):
    """The trunk; transformers writes no MTP layer, so the model comes back with MTP off."""
    model = random_model(shape)
    save_model(model, tmp_path / "source")
    export_folder(tmp_path / "source", tmp_path / "out", "hf")
    load(tmp_path / "out").save_pretrained(tmp_path / "theirs")
    values = json.loads((tmp_path / "theirs" / "config.json").read_text())
    assert (values["model_type"], values["architectures"]) == ("joyai_llm_flash", ["DeepseekV3ForCausalLM"])
    back = read_model(tmp_path / "theirs")
    assert back.mtp is None
    for name, tensor in back.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name


def test_registration_is_idempotent_and_says_what_it_drops(tmp_path, caplog):
    register()
    register()
    save_model(random_model(TINY), tmp_path)
    load(tmp_path)
    assert "without its MTP layer" in caplog.text
    assert type(transformers.AutoConfig.from_pretrained(tmp_path)).model_type == "joyai_llm_flash"


@torch.no_grad()
def test_transformers_drafts_with_the_dense_layer(tmp_path):
    """5.x's own MTP decoding takes the layer from our folder, and greedy text stays what it is without."""
    model = random_model(TINY)
    save_model(model, tmp_path)
    theirs = load(tmp_path)
    mtp = mtp_model_class().from_pretrained(theirs)
    expected = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("mtp.")}
    assert mtp is not None
    found = {name for name, _ in mtp.named_parameters() if name.startswith("layers.0")}
    assert len(found) == len(expected)
    assert torch.equal(mtp.layers[0].mtp_block.mlp.down_proj.weight, expected["mtp.block.mlp.down_proj.weight"])
    assert torch.equal(mtp.layers[0].post_norm.weight, expected["mtp.norm.weight"])
    prompt = tokens_for(TINY.vocab_size, rows=1, length=7)
    settings = {"max_new_tokens": 12, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    plain = theirs.generate(prompt, **settings)
    assert torch.equal(theirs.generate(prompt, use_mtp=True, **settings), plain)


def mtp_model_class():
    layers = pytest.importorskip("transformers.modeling_layers")
    if not hasattr(layers, "MtpModel"):
        pytest.skip("this release of transformers does not draft with MTP layers")
    return layers.MtpModel


def corpus(tokenizer: Tokenizer) -> list[str]:
    """English, Chinese, code, emoji, spaces and things that nearly are control tokens."""
    chance = random.Random(5)
    parts = [
        *["the", "of", "and", "JoyAI's", "naïve", "café", "don't", "I'm", "3.14", "1,234,567", "2024-05-06"],
        *["http://a.b/c?d=e&f", "%20", "C++", "x_BTD", "<p>"],
        *["你好", "世界", "京东", "（全角）", "日本語", "かな", "カナ", "한국어", "，", "。", "！", "１２３"],
        "def f(x: int) -> str:\n    return f'{x!r}'\n",
        "\tif (a && b) { c[i] += 1; } // done\r\n",
        '{"a": [1, 2, null], "b": "\\u00e9"}',
        *["🙂", "👩\u200d👩\u200d👧\u200d👦", "🇨🇳", "❤️", "é", "\u200b", "\ufeff", "🧑🏽"],
        *[" ", "  ", "\n", "\n\n\n", "\t", "\r\n", "\u3000", "\u00a0"],
        *["<|", "|>", "<|User", "<| User |>", "<|user|>", "<｜User｜>", "<tool_cal>", "</", "<|end_of", "_sentence|>"],
    ]
    texts = ["".join(chance.choices(parts, k=chance.randint(1, 25))) for _ in range(400)]
    texts += [
        "".join(chr(chance.choice([chance.randint(1, 0x2FF), chance.randint(0x3000, 0x9FFF)])) for _ in range(40))
    ]
    return [text for text in texts if not any(token in text for token in tokenizer.control_tokens)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """nano's own tokenizer in an exported folder."""
    folder = nano_folder()
    out = tmp_path_factory.mktemp("exported") / "out"
    export_folder(folder, out, "hf")
    register()
    return out


def test_auto_tokenizer_gives_our_ids(exported):
    ours = Tokenizer.from_pretrained(exported)
    theirs = transformers.AutoTokenizer.from_pretrained(exported)
    texts = corpus(ours)
    assert len(texts) > 300
    for text in texts:
        assert theirs.encode(text, add_special_tokens=False) == ours.encode(text), text
        assert theirs.encode(text) == ours.encode(text), text  # and no begin-of-sentence of its own accord
        assert theirs.decode(ours.encode(text), clean_up_tokenization_spaces=False) == ours.decode(ours.encode(text))
    trusted = "".join(f"{token} x{token}" for token in ours.control_tokens)
    assert theirs.encode(trusted, add_special_tokens=False) == ours.encode_with_control(trusted)
    assert (theirs.bos_token_id, theirs.eos_token_id) == (ours.bos_id, ours.eos_id)


@pytest.mark.parametrize("tools", [None, TOOLS])
@pytest.mark.parametrize("thinking", [False, True])
def test_chat_template_renders_the_same(exported, tools, thinking):
    tokenizer = Tokenizer.from_pretrained(exported)
    ours = ChatTemplate.from_pretrained(exported, tokenizer)
    theirs = transformers.AutoTokenizer.from_pretrained(exported)
    text = theirs.apply_chat_template(
        CONVERSATION, tools=tools, tokenize=False, add_generation_prompt=True, enable_thinking=thinking
    )
    assert text == ours.render_text(CONVERSATION, tools or (), enable_thinking=thinking)
    assert theirs.encode(text, add_special_tokens=False) == ours.render(
        CONVERSATION, tools or (), enable_thinking=thinking
    )


def in_old_release(python: str, task: dict, folder: Path) -> dict:
    """What ``peers/transformers_457.py`` finds of ``task``, run by ``python``."""
    (folder / "task.json").write_text(json.dumps(task))
    script, root = Path(__file__).parent / "peers" / "transformers_457.py", Path(__file__).parents[2]
    run = subprocess.run(
        [python, str(script), str(folder / "task.json")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    found = json.loads(run.stdout.splitlines()[-1])
    print(json.dumps(found, indent=1))
    assert found["transformers"].startswith("4.57")
    return found


@torch.no_grad()
def test_the_old_release_reads_all_of_it(exported, tmp_path):
    """transformers 4.57.1 in an environment of its own: logits, ids, template, and what 5.x wrote."""
    python = os.environ.get(OLD_RELEASE)
    if not python:
        pytest.skip(f"{OLD_RELEASE} names no Python with transformers 4.57.1")
    folders = {}
    for format in ("hf", "deepseek_v3"):
        folders[f"nano as {format}"] = tmp_path / f"nano-{format}"
        export_folder(exported, tmp_path / f"nano-{format}", format, torch.float32)
        for name, shape in SHAPES.items():
            save_model(random_model(shape), tmp_path / f"{name}-{format}-source")
            folders[f"{name} as {format}"] = tmp_path / f"{name}-{format}"
            export_folder(tmp_path / f"{name}-{format}-source", tmp_path / f"{name}-{format}", format)
    folders["nano padded"] = tmp_path / "padded"
    export_folder(exported, tmp_path / "padded", "deepseek_v3", torch.float32, padded=True)
    load(tmp_path / "tiny-hf").save_pretrained(tmp_path / "five")
    folders["tiny through 5.x"] = tmp_path / "five"
    jobs = []
    for name, folder in folders.items():
        model = read_model(exported if name == "nano padded" else folder)
        tokens = tokens_for(model.config.vocab_size)
        torch.save(model(tokens), tmp_path / f"{name}.pt")
        jobs.append({"name": name, "folder": str(folder), "tokens": tokens.tolist(), "logits": f"{tmp_path}/{name}.pt"})
    tokenizer = Tokenizer.from_pretrained(exported)
    texts = corpus(tokenizer)
    rendered = ChatTemplate.from_pretrained(exported, tokenizer).render_text(CONVERSATION, TOOLS)
    task = {
        "jobs": jobs,
        "tokenizer": {"folder": str(exported), "texts": texts, "ids": tokenizer.encode_batch(texts)},
        "chat": {"messages": CONVERSATION, "tools": TOOLS, "text": rendered},
    }
    found = in_old_release(python, task, tmp_path)
    assert found["unequal_texts"] == [] and found["chat_equal"]
    for name, error in found["relative_error"].items():
        assert error <= (1e-4 if name == "nano padded" else 1e-5), name
