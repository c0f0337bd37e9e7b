"""Evaluation of any OpenAI-compatible server: tasks, scoring, a resumable runner, and a report."""

from joyflash.evaluation.suite import SUITES, run_suite

__all__ = ["SUITES", "run_suite"]
