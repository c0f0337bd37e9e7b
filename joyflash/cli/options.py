"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Option(help="Name of a bundled model, or a model folder.")]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder with pretrain/*.jsonl[.gz|.zst]. Without: Python's own texts.")
]
TrainingData = Annotated[
    Path | None,
    typer.Option("--data", help="Folder with pretrain/ and chat/*.jsonl[.gz|.zst]. Without: Python's own texts."),
]
RecipeName = Annotated[str, typer.Argument(metavar="RECIPE", help="Recipe file; the folder recipes/ has some.")]
RunFolder = Annotated[Path, typer.Option(help="Run folder: log, checkpoints, resulting model.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint of the run folder.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Rows worked on at once, or on a GPU packed at once. Without: one per core.")
]
TrainingDevice = Annotated[str, typer.Option("--device", help="cpu or cuda.")]
Precision = Annotated[
    str, typer.Option(help="Of the products: fp32, bf16, or auto (bf16 where the device multiplies faster in it).")
]
TensorBoard = Annotated[bool, typer.Option("--tensorboard", help="Write TensorBoard files beside the log.")]
ExpertParallel = Annotated[
    int, typer.Option(min=1, help="Under torchrun: processes that share one set of experts; divides their number.")
]
Reduction = Annotated[
    str,
    typer.Option(
        help="Under torchrun, how gradients are summed: fixed (the number of processes changes no bit), fast, or auto: "
        "fixed on a CPU."
    ),
]
TokensAtOnce = Annotated[
    int,
    typer.Option(
        min=1,
        help="Under torchrun: a process joins rows up to this many tokens in one pass, unless the order is fixed.",
    ),
]
