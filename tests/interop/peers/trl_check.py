# ruff: noqa: E501
"""Runs TRL's GRPO trainer with FiberPO on a tiny model, and compares every loss with our own; prints JSON.

Made for an environment of its own: python -m venv trl && trl/bin/pip install torch==2.13.0 trl==1.16; the test finds it
by JOYFLASH_TRL_PYTHON=trl/bin/python.
"""

from __future__ import annotations

import json
import sys
import tempfile

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig

from joyflash.errors import InteropError
from joyflash.interop.trl import fiberpo_trainer
from joyflash.rl import fiberpo

BUDGETS = {"epsilon": 0.01, "c_plus": 0.02, "c_minus": 0.012}


def main() -> None:
    """Train four generations, two passes over each, and report."""
    torch.manual_seed(0)
    words = ["<pad>", "<eos>", *(chr(97 + i) for i in range(26))]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="a"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>")
    config = LlamaConfig(vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                         num_attention_heads=4, max_position_embeddings=64, pad_token_id=0, eos_token_id=1)  # fmt: skip
    differences, ratios = [], []
    base = fiberpo_trainer(**BUDGETS)

    class Checked(base):
        def _compute_loss(self, model, inputs):
            loss = super()._compute_loss(model, inputs)
            with torch.no_grad():
                ids = torch.cat([inputs["prompt_ids"], inputs["completion_ids"]], dim=1)
                attention = torch.cat([inputs["prompt_mask"], inputs["completion_mask"]], dim=1)
                new, _, _ = self._get_per_token_logps_and_entropies(
                    model, ids, attention, inputs["completion_ids"].size(1)
                )
                old = inputs.get("old_per_token_logps", new)
                mask = inputs["completion_mask"].bool()
                total = 0.0  # row by row: no padding, one trajectory at a time
                for row in range(mask.shape[0]):
                    keep = mask[row]
                    ones = torch.ones(int(keep.sum()), dtype=torch.int64)
                    total += float(fiberpo.loss(
                        new[row][keep], old[row][keep], inputs["advantages"][row].expand(len(ones)), ones, ones.bool(),
                        num_trajectories=mask.shape[0], **BUDGETS))  # fmt: skip
                differences.append(abs(total / self.current_gradient_accumulation_steps - float(loss)))
                ratios.append(float((new - old)[mask].exp().sub(1).abs().max()))
            return loss

    with tempfile.TemporaryDirectory() as folder:
        given = {"output_dir": folder, "per_device_train_batch_size": 8, "num_generations": 4, "max_steps": 8,
                 "max_completion_length": 8, "num_iterations": 2, "learning_rate": 3e-2, "report_to": [], "use_cpu": True,
                 "logging_steps": 1, "beta": 0.0, "bf16": False, "save_strategy": "no", "gradient_accumulation_steps": 2}  # fmt: skip
        data = Dataset.from_dict({"prompt": ["a b c", "d e", "f g h i", "k"] * 8})
        arguments = {"reward_funcs": lambda completions, **_: [text.count("b") / 8 for text in completions],
                     "train_dataset": data, "processing_class": tokenizer}  # fmt: skip
        trainer = Checked(model=LlamaForCausalLM(config), args=GRPOConfig(**given), **arguments)
        before = [parameter.detach().clone() for parameter in trainer.model.parameters()]
        trainer.train()
        moved = any(not torch.equal(a, b.cpu()) for a, b in zip(before, trainer.model.cpu().parameters(), strict=True))
        refused = False
        try:
            base(model=LlamaForCausalLM(config), args=GRPOConfig(**{**given, "top_entropy_quantile": 0.5}), **arguments)
        except InteropError:
            refused = True
    report = {"differences": differences, "ratios": ratios, "moved": moved, "refused": refused}
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()
