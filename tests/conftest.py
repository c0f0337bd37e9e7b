"""Settings of every test run."""

from __future__ import annotations

from hypothesis import settings

# Slow or busy machines must not fail a property test, and a failure must come again on the next run.
settings.register_profile("joyflash", deadline=None, derandomize=True)
settings.load_profile("joyflash")
