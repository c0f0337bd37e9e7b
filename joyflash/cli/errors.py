"""How the command line ends: expected errors as one line and a status, never a stack trace."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from joyflash.errors import JoyflashError, StoppedError


class Commands(TyperGroup):
    """Turns expected errors and those of files into one line on stderr with exit status 2, Ctrl-C into a quiet 130.

    A training run that a signal stopped ends with one line and the status of a process that the signal ended.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except StoppedError as error:
            print(error, file=sys.stderr)
            raise typer.Exit(128 + error.signal) from None
        except JoyflashError as error:
            print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
            raise typer.Exit(2) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:  # the reader of our output, e.g. `head`, has enough
            sys.stdout = None
            raise typer.Exit(0) from None
        except OSError as error:
            path = f"{error.filename}: " if error.filename else ""
            advice = "Check that the path exists, that you may write there, and that the disk has room."
            print(f"error: {path}{error.strerror or error}. {advice}", file=sys.stderr)
            raise typer.Exit(2) from None
