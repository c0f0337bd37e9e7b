"""TRL's DPO trainer and our losses on the same model, reference and tokens; prints both values by loss as JSON.

Made for the environment of trl_check.py. TRL's ``_compute_loss`` runs unchanged on one batch.
"""

from __future__ import annotations

import json
import sys
import tempfile

import torch
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import DPOConfig, DPOTrainer

from joyflash.train.preference_losses import PER_TOKEN, make_loss

BETA = 0.3
LOSSES = ("sigmoid", "hinge", "ipo", "apo_zero", "apo_down", "robust")


def main() -> None:
    """Compare one batch per loss and report."""
    words = ["<pad>", "<eos>", *(chr(97 + i) for i in range(26))]
    inner = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="a"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>")
    config = LlamaConfig(vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                         num_attention_heads=4, max_position_embeddings=64, pad_token_id=0, eos_token_id=1,
                         initializer_range=0.5)  # fmt: skip
    rows = {"prompt": ["a b c", "d e", "f g h i", "k"], "chosen": [" l m n", " o", " p q", " r s t u"],
            "rejected": [" v", " w x y", " z a", " b c"]}  # fmt: skip
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in LOSSES:
            torch.manual_seed(0)
            model, reference = LlamaForCausalLM(config), LlamaForCausalLM(config)
            smoothing = 0.1 if name == "robust" else 0.0
            arguments = DPOConfig(output_dir=folder, per_device_train_batch_size=4, beta=BETA, loss_type=[name],
                                  label_smoothing=smoothing, report_to=[], use_cpu=True, bf16=False)  # fmt: skip
            trainer = DPOTrainer(model=model, ref_model=reference, args=arguments, processing_class=tokenizer,
                                 train_dataset=Dataset.from_dict(rows))  # fmt: skip
            batch = next(iter(trainer.get_train_dataloader()))
            with torch.no_grad():
                theirs = float(trainer.compute_loss(trainer.model, dict(batch)))
                ratio = _ratio(trainer.model, reference, batch, per_token=name in PER_TOKEN)
            chosen, rejected = ratio.chunk(2)
            ours = float(make_loss(name, beta=BETA, label_smoothing=smoothing)(chosen, rejected).mean())
            report[name] = (ours, theirs)
    json.dump(report, sys.stdout)


def _ratio(model, reference, batch, *, per_token: bool) -> torch.Tensor:
    """log π − log π_ref of each answer, from full logits."""
    ids, mask = batch["input_ids"], batch["completion_mask"][:, 1:].float()
    found = []
    for each in (model, reference):
        logits = each(input_ids=ids, attention_mask=batch["attention_mask"]).logits[:, :-1]
        log_prob = torch.log_softmax(logits, -1).gather(2, ids[:, 1:, None]).squeeze(2)
        found.append((log_prob * mask).sum(1) / (mask.sum(1) if per_token else 1.0))
    return found[0] - found[1]


if __name__ == "__main__":
    main()
