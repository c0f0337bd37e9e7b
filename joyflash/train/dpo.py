"""Direct preference optimisation: a fine-tuned model, and pairs of a better and a worse answer."""

from __future__ import annotations

from pathlib import Path

from joyflash.model.checkpoint import read_model
from joyflash.model.loading import training_folder
from joyflash.train.device_worker import training_device, training_precision
from joyflash.train.dpo_recipe import DPORecipe
from joyflash.train.loop import run_stage
from joyflash.train.pair_data import PairData
from joyflash.train.pretrain import copy_tokenizer
from joyflash.train.together import TeamPlan


def run(
    recipe: DPORecipe,
    *,
    start: str | Path,
    data: Path,
    out: Path,
    heldout: Path | None = None,
    resume: bool = False,
    workers: int | None = None,
    stop_after: int | None = None,
    device: str = "cpu",
    precision: str = "auto",
    tensorboard: bool = False,
    team: TeamPlan | None = None,
) -> Path:
    """Train the model in ``start``, which is the reference too; return the folder of the resulting model.

    Args:
        data: preference file, see ``joyflash.data.preferences``.
        heldout: preference file for validation; without it a share of ``data``.
        out, resume, workers, stop_after, device, precision, tensorboard, team: see ``joyflash.train.pretrain.run``.
    """
    place = training_device(device) if team is None else team.team.device
    dtype = training_precision(precision, place)
    folder = training_folder(start)
    pairs = PairData(recipe, folder, data, heldout)
    model = read_model(folder) if team is None else team.read(folder)
    result = run_stage(
        recipe, model, pairs, out, resume=resume, workers=workers, stop_after=stop_after, device=place,
        precision=dtype, tensorboard=tensorboard, team=team,
    )  # fmt: skip
    if team is None or team.team.leads:
        copy_tokenizer(folder, result)
    return result
