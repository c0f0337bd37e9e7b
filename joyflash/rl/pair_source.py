"""Where pairs come from: the domains of an RL recipe, or one environment by name."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from joyflash.errors import ConfigError
from joyflash.rl.environments.host import Domain
from joyflash.rl.pairs import PairSettings
from joyflash.rl.recipe import RLRecipe
from joyflash.train.recipe import load_recipe_of


def read_source(
    source: str, *, language: str, options: str, prompts: int | None, reply_tokens: int | None, **settings: Any
) -> PairSettings:
    """Settings from a recipe file (``x.py``), the name of an environment, or ``file.py:Class``.

    Args:
        source: see above.
        language, options: of an environment (JSON text); a recipe has its own.
        prompts, reply_tokens: in place of the recipe's; None keeps them.
        settings: further fields of PairSettings.

    Raises:
        ConfigError: there is no such recipe, the options are no JSON object, or they are given beside a recipe.
    """
    try:
        given = json.loads(options)
    except ValueError as error:
        raise ConfigError(
            f"The options of an environment are a JSON object; {options!r} is not JSON: {error}."
        ) from error
    if not isinstance(given, dict):
        raise ConfigError(f"The options of an environment are a JSON object, not {options!r}.")
    if not source.endswith(".py"):
        name = source.rpartition(":")[2].lower() + f"_{language}"
        domain = Domain(name, source, language, prompts=prompts or 256, options=given)
        limits = {} if reply_tokens is None else {"reply_tokens": reply_tokens}
        return PairSettings(domains=(domain,), **limits, **settings)
    if given or language != "en":
        raise ConfigError(
            "A recipe says language and options of its domains itself; leave --language and --options out."
        )
    recipe = load_recipe_of(RLRecipe, source)
    domains = tuple(
        domain if prompts is None else dataclasses.replace(domain, prompts=prompts) for domain in recipe.domains
    )
    return PairSettings(
        domains=domains,
        reply_tokens=reply_tokens or recipe.reply_tokens,
        thinking=recipe.thinking,
        max_context=recipe.max_context,
        max_batch=recipe.max_batch,
        environment_seconds=recipe.environment_seconds,
        **settings,
    )
