"""`/metrics`: what Prometheus reads. Requests are counted as they end, the engine's own counts are read when asked."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from joyflash.engine.async_engine import AsyncEngine
from joyflash.server.admission import Admission
from joyflash.server.record import RequestRecord

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_TO_FIRST = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_PER_TOKEN = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1)
_WHOLE = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The metrics of one server; every server has a registry of its own.

    Args:
        async_engine: its statistics are read when the page is asked for.
        door: knows the requests in flight.
    """

    def __init__(self, async_engine: AsyncEngine, door: Admission):
        self._registry = registry = CollectorRegistry(auto_describe=True)
        registry.register(_EngineCollector(async_engine, door))
        self._requests = Counter("joyflash_requests", "Requests that ended.", ["endpoint", "status"], registry=registry)
        self._to_first = Histogram(
            "joyflash_time_to_first_token_seconds", "From a request's arrival to its first token.",
            ["endpoint"], buckets=_TO_FIRST, registry=registry,
        )  # fmt: skip
        self._per_token = Histogram(
            "joyflash_time_per_output_token_seconds", "Between further tokens, the mean of each choice.",
            ["endpoint"], buckets=_PER_TOKEN, registry=registry,
        )  # fmt: skip
        self._whole = Histogram(
            "joyflash_request_seconds", "From a request's arrival to its end.",
            ["endpoint"], buckets=_WHOLE, registry=registry,
        )  # fmt: skip
        self._prompt = Counter("joyflash_prompt_tokens", "Tokens of prompts that the engine took.", registry=registry)
        self._cached = Counter(
            "joyflash_prompt_tokens_cached", "Of these, found in the prefix cache.", registry=registry
        )
        self._generated = Counter("joyflash_generated_tokens", "Tokens generated for callers.", registry=registry)

    def note(self, record: RequestRecord, seconds: float) -> None:
        """Count a request that ended after ``seconds``."""
        self._requests.labels(record.endpoint, str(record.status)).inc()
        self._whole.labels(record.endpoint).observe(seconds)
        if record.taken:
            self._prompt.inc(record.prompt_tokens)
            self._cached.inc(record.cached_tokens)
            self._generated.inc(record.completion_tokens)
        first = record.first_token_seconds
        if first is None:
            return
        self._to_first.labels(record.endpoint).observe(first)
        for times in record.choices.values():
            if times.tokens > 1:
                self._per_token.labels(record.endpoint).observe((times.last - times.first) / (times.tokens - 1))

    def page(self) -> bytes:
        """The page in Prometheus' text format."""
        return generate_latest(self._registry)


class _EngineCollector(Collector):
    """Reads the engine's counts; they are plain numbers, which another thread may read while the engine runs."""

    def __init__(self, async_engine: AsyncEngine, door: Admission):
        self._async_engine = async_engine
        self._door = door

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment; part of prometheus-client's protocol."""
        engine = self._async_engine.engine
        statistics, cache = engine.statistics, engine.cache_use
        gauges = {
            "requests_in_flight": ("Requests inside the server.", self._door.in_flight),
            "requests_prompt_tokens_in_flight": ("Tokens of their prompts.", self._door.tokens),
            "draining": ("1 while the server shuts down.", int(self._door.draining)),
            "choices_waiting": ("Choices in line for the engine.", self._async_engine.waiting_count),
            "choices_running": ("Choices that the engine computes.", engine.running_count),
            "cache_size_tokens": ("Tokens that the cache has room for.", cache.size),
            "cache_held_tokens": ("Of these, held by running choices.", cache.held),
        }
        counters = {
            "engine_steps": ("Passes of the model.", statistics.steps),
            "engine_tokens": ("Tokens sampled, those of cancelled requests too.", statistics.tokens),
            "preemptions": ("Choices that lost their cache and were computed again.", statistics.preemptions),
            "prefix_cache_asked_tokens": ("Prompt tokens looked up in the prefix cache.", cache.asked),
            "prefix_cache_found_tokens": ("Of these, found.", cache.found),
        }
        for name, (words, value) in gauges.items():
            yield GaugeMetricFamily(f"joyflash_{name}", words, value=value)
        for name, (words, value) in counters.items():
            yield CounterMetricFamily(f"joyflash_{name}", words, value=value)
        drafts = (
            ("mtp_drafted_tokens", "Tokens drafted, by draft position.", statistics.drafted),
            ("mtp_accepted_tokens", "Of these, the ones that proved right.", statistics.accepted),
        )
        for name, words, values in drafts:
            family = CounterMetricFamily(f"joyflash_{name}", words, labels=["position"])
            for position, value in enumerate(list(values), 1):
                family.add_metric([str(position)], value)
            yield family
        info = GaugeMetricFamily("joyflash_model_info", "The model that is served.", labels=["model"])
        info.add_metric([engine.model_name], 1)
        yield info
