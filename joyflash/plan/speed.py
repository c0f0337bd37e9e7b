"""How fast a device can be at most: bytes over bandwidth, operations over peak, whichever takes longer.

Source of the counting: DeepSeek-V3's absorbed attention for decoding, expanded for prefill; the project's own tables
(H200: 711 tokens/s at batch 1 with a measured 4.39 TB/s) are reproduced by the tests.

Letters: B tokens of a step, k chosen of E experts.
"""

from __future__ import annotations

from dataclasses import dataclass

from joyflash.hardware import GPU
from joyflash.model.config import ModelConfig
from joyflash.plan.weights import Weights


@dataclass(frozen=True)
class Speed:
    """Decoding at the limit.

    Attributes:
        requests: that decode together.
        cached: tokens that each has cached.
        experts: different routed experts of a layer that a step without drafts is expected to read.
        step_bytes: read by one device in a step without drafts.
        step_seconds: of such a step.
        bound: ``bandwidth`` or ``compute``.
        tokens_per_second: of all requests together, without drafts.
        mtp_tokens_per_step: expected tokens a request gains in a verified step.
        mtp_step_seconds: drafting and verifying.
        mtp_tokens_per_second: with drafts; the experts of the drafted tokens are counted as unrelated, the worst case.
    """

    requests: int
    cached: int
    experts: float
    step_bytes: int
    step_seconds: float
    bound: str
    tokens_per_second: float
    mtp_tokens_per_step: float
    mtp_step_seconds: float
    mtp_tokens_per_second: float

    @property
    def mtp_gain(self) -> float:
        """Speed with drafts over speed without."""
        return self.mtp_tokens_per_second / self.tokens_per_second


@dataclass(frozen=True)
class Prefill:
    """A prompt of ``tokens`` at the compute limit of all devices."""

    tokens: int
    flop_per_token: float
    tokens_per_second: float


def distinct_experts(experts: int, chosen: int, tokens: int) -> float:
    """Expected different experts of a layer hit by ``tokens`` uniform choices: E (1 - (1 - k/E)^B)."""
    return experts * (1 - (1 - chosen / experts) ** tokens)


def expected_tokens(drafts: int, acceptance: float) -> float:
    """Tokens of a verified step: 1 + a + ... + a^k."""
    return sum(acceptance**index for index in range(drafts + 1))


@dataclass(frozen=True)
class Roofline:
    """The limits of one model, divided over ``count`` devices."""

    config: ModelConfig
    weights: Weights
    gpu: GPU
    count: int
    quant: str
    cache_bytes: int

    def decode(self, requests: int, cached: int, drafts: int, acceptance: float) -> Speed:
        """Speed of ``requests`` that each have ``cached`` tokens."""
        read = self.step_bytes(requests, requests * cached)
        seconds, bound = self._seconds(read, self._flop_seconds(requests, cached))
        gained, with_drafts = 1.0, seconds
        if drafts:
            verify = self.step_bytes(requests * (1 + drafts), requests * cached)
            with_drafts, _ = self._seconds(verify, self._flop_seconds(requests * (1 + drafts), cached))
            with_drafts += drafts * self._draft_bytes(requests * cached) / self.gpu.bandwidth
            gained = expected_tokens(drafts, acceptance)
        return Speed(
            requests,
            cached,
            distinct_experts(self.config.n_routed_experts, self.config.num_experts_per_tok, requests),
            round(read),
            seconds,
            bound,
            requests / seconds,
            gained,
            with_drafts,
            requests * gained / with_drafts,
        )

    def prefill(self, tokens: int) -> Prefill:
        """Limit of a prompt of ``tokens``: matrices at the quantisation's rate, causal expanded attention in bf16."""
        config = self.config
        matrices = 2.0 * self._active()
        widths = config.qk_head_dim + config.v_head_dim
        attention = config.num_hidden_layers * config.num_attention_heads * widths * float(tokens)
        seconds = matrices / self._matrix_rate() + attention / self.gpu.bf16
        return Prefill(tokens, matrices + attention, self.count / seconds)

    def step_bytes(self, tokens: int, cached: int) -> float:
        """Bytes that one device reads in a step of ``tokens`` with ``cached`` tokens in all: weights used, and cache.

        Of the embedding only the tokens' rows are read, which is left out.
        """
        config = self.config
        used = distinct_experts(config.n_routed_experts, config.num_experts_per_tok, tokens) / config.n_routed_experts
        always = self.weights.bytes(self.count, mtp=False, kinds=("projection", "head", "router", "norm", "bias"))
        experts = self.weights.bytes(self.count, mtp=False, kinds=("expert",))
        return always + used * experts + cached * config.num_hidden_layers * config.cache_width * self.cache_bytes

    def _draft_bytes(self, cached: int) -> int:
        """One draft: the MTP layer, the head, and the layer's own cache."""
        weights = self.weights.bytes(self.count, mtp=True) + self.weights.bytes(self.count, mtp=False, kinds=("head",))
        return weights + cached * self.config.cache_width * self.cache_bytes

    def _flop_seconds(self, tokens: int, cached: int) -> float:
        """Time of the operations of ``tokens`` in absorbed attention over ``cached`` tokens each."""
        config = self.config
        matrices = 2.0 * tokens * (self._active() + self.weights.parameters("head"))
        widths = 2 * config.kv_lora_rank + config.qk_rope_head_dim
        attention = 2.0 * tokens * cached * config.num_hidden_layers * config.num_attention_heads * widths
        return (matrices / self._matrix_rate() + attention / self.gpu.bf16) / self.count

    def _seconds(self, read: float, compute: float) -> tuple[float, str]:
        memory = read / self.gpu.bandwidth
        return (memory, "bandwidth") if memory >= compute else (compute, "compute")

    def _active(self) -> float:
        """Parameters of the trunk that a token is multiplied with, head and router biases left out."""
        share = self.config.num_experts_per_tok / self.config.n_routed_experts
        return self.weights.parameters("projection", "router", "norm") + share * self.weights.parameters("expert")

    def _matrix_rate(self) -> float:
        """FLOP/s of the matrices: 8-bit blocks at their own rate where the hardware has it, weights alone in bf16."""
        if self.quant == "fp8":
            return self.gpu.fp8 or self.gpu.bf16
        return self.gpu.int8 if self.quant == "int8-block" else self.gpu.bf16
