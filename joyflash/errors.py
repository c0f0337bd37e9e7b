"""Typed errors: every message says what is wrong, where, and what to do."""

from __future__ import annotations


class JoyflashError(Exception):
    """Base of all errors that joyflash raises on purpose; the command line prints them as one line."""


class ConfigError(JoyflashError):
    """A model configuration or a recipe has a missing, unknown or contradictory value."""


class CheckpointError(JoyflashError):
    """A checkpoint folder is missing, incomplete, damaged, or of another shape than its configuration says."""


class TokenizerError(JoyflashError):
    """A tokenizer file is missing or damaged, or lacks a control token that the model needs."""


class TemplateError(JoyflashError):
    """A chat template is missing or failed to render."""


class DataError(JoyflashError):
    """A data file or folder is missing, damaged, or holds a row of the wrong form."""


class TrainingError(JoyflashError):
    """A training run cannot start, resume or go on."""


class StoppedError(TrainingError):
    """A training run was told to stop, and has saved what it had.

    Args:
        message: where it stopped, and how to go on.
        signal: number of the signal that told it.
    """

    def __init__(self, message: str, signal: int):
        super().__init__(message)
        self.signal = signal


class EngineError(JoyflashError):
    """The engine cannot go on with a request through no fault of the caller."""


class ConstraintError(EngineError):
    """A reply cannot go on within the rules that its request set, such as a schema that became too complex."""


class EngineBusyError(EngineError):
    """Too many requests wait already; try again later."""


class EngineClosedError(EngineError):
    """The engine is shutting down, or has, and takes no more requests."""


class KernelError(JoyflashError):
    """A compiled kernel cannot be built or used here; the plain PyTorch code does the same work."""


class InteropError(JoyflashError):
    """Another project's engine is built differently from the version that our plugin was written for."""


class MissingExtraError(JoyflashError):
    """An optional package is not installed; the message names the extra that brings it."""


class ServerUnreachableError(JoyflashError):
    """A server that a client command talks to does not answer, or does not speak the OpenAI protocol."""


class SandboxError(JoyflashError):
    """The sandbox could not run a program, through no fault of the program."""


class SandboxUnavailableError(SandboxError):
    """This machine does not give the sandbox the isolation it needs."""


class AgentError(JoyflashError):
    """A conversation with tools cannot go on: the model's server failed, or a tool could not be set up."""


class RequestError(JoyflashError):
    """A caller's request is wrong.

    Args:
        message: what is wrong and what to do.
        param: the field at fault, e.g. ``messages[2].role``.
        code: a short machine-readable reason, e.g. ``context_length_exceeded``.
    """

    def __init__(self, message: str, param: str | None = None, code: str | None = None):
        super().__init__(message)
        self.param = param
        self.code = code


class ToolSchemaError(RequestError):
    """A tool definition is not a named function with a JSON Schema object for parameters."""


class ContextLengthError(RequestError):
    """Prompt plus requested completion do not fit the model's context."""


class ModelNotFoundError(RequestError):
    """The request names a model that is not served here."""
