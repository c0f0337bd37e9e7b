"""Settings of every test run."""

from __future__ import annotations

import os

from hypothesis import settings

# Before torch is imported: one thread a process, whoever starts it; several would share a core and change last digits.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Slow or busy machines must not fail a property test, and a failure must come again on the next run.
settings.register_profile("joyflash", deadline=None, derandomize=True)
settings.load_profile("joyflash")
