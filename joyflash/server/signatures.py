"""Signatures on thinking blocks: a thought that comes back must be one that this server wrote."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


class ThoughtSigner:
    """Signs thoughts with an HMAC (SHA-256).

    Args:
        api_keys: the key is derived from them, so that it outlives a restart; random where there are none.
    """

    def __init__(self, api_keys: tuple[str, ...]):
        material = "\n".join(api_keys).encode() if api_keys else secrets.token_bytes(32)
        self._key = hashlib.sha256(b"joyflash thinking signature\n" + material).digest()

    def sign(self, thought: str) -> str:
        """The signature of a thought, as text."""
        return base64.b64encode(hmac.digest(self._key, thought.encode(), "sha256")).decode()

    def verify(self, thought: str, signature: str) -> bool:
        """Whether the signature is this server's for this thought; compared in constant time."""
        return hmac.compare_digest(self.sign(thought).encode(), signature.encode())
