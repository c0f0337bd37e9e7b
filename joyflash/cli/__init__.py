"""The command line: one command per job; it parses, calls and prints. Heavy imports wait for their command."""

from __future__ import annotations

from typing import Annotated

import typer

from joyflash import __version__
from joyflash.cli import agent, convert, data, evaluate, generate, plan, rl, serve, train
from joyflash.cli.errors import Commands

app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False) -> None:
    """Train, serve and use JoyAI-LLM-Flash-shaped models."""
    if version:
        print(f"joyflash {__version__}")
        raise typer.Exit


EXAMPLES = {
    serve.serve: "joyflash serve --port 8080",
    plan.plan: "joyflash plan flash_48b_a3b --gpu rtx4090 --count 2 --quant int4",
    generate.generate: 'joyflash generate "Which is bigger, 3.5 or 3.12?" --temperature 0',
    agent.agent: 'joyflash agent "What is 17 percent of 2,340?" --tools calculator --model nano',
    agent.chat: "joyflash chat --tools calculator,python --base-url http://127.0.0.1:8000/v1",
    train.pretrain: "joyflash pretrain recipes/nano/pretrain.py --data my-data --out runs/nano",
    train.sft: "joyflash sft recipes/nano/sft.py --start runs/nano/model --data my-data --out runs/nano-sft",
    train.dpo: "joyflash dpo recipes/nano/dpo.py --start nano --data pairs.jsonl --out runs/nano-dpo",
    rl.rl: "joyflash rl recipes/nano/rl.py --start nano --out runs/nano-rl",
    rl.pairs: "joyflash pairs arithmetic --model nano --prompts 200 --out pairs.jsonl",
    rl.rollouts: "joyflash rollouts runs/nano-rl --count 2",
    train.report: "joyflash report runs/nano",
    evaluate.evaluate: "joyflash eval --suite examples --base-url http://127.0.0.1:8000/v1 -o runs/eval",
    convert.export: "joyflash export nano nano-vllm --format deepseek_v3 --dtype bf16 --padded",
    convert.merge: "joyflash merge runs/a/model runs/b/model --out merged",
    convert.grow: "joyflash grow nano nano-grown --heads 8 --experts-per-token 6",
    convert.quantize: "joyflash quantize my-model my-model-int4 --format int4",
}
NAMES = {evaluate.evaluate: "eval"}
for command, example in EXAMPLES.items():
    app.command(NAMES.get(command), epilog=f"Example: {example}")(command)
app.add_typer(data.tokenizer_app, name="tokenizer")
app.add_typer(data.data_app, name="data")


def main() -> None:
    """Entry point of the `joyflash` script."""
    app()
