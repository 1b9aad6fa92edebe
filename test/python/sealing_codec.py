"""The payload codec of a Python service: AES-256-GCM in the envelope of Temporal's published samples.

metadata: encoding "binary/encrypted" and "encryption-key-id"; data: nonce (12 bytes), ciphertext, tag (16 bytes).
Unlike the samples it supports several keys, and it refuses unsealed payloads.
"""

import base64
import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

NONCE_BYTES = 12


def parse_keys(text: str) -> dict[str, bytes]:
    """The form of VERIFICATION_ENCRYPTION_KEYS: `id:base64,id:base64`, the first to seal and all to open."""
    lines = (line for line in text.split("\n") if not line.strip().startswith("#"))
    pairs = (entry.strip().split(":", 1) for entry in ",".join(lines).split(",") if entry.strip())
    return {key_id: base64.b64decode(key) for key_id, key in pairs}


class SealingCodec(PayloadCodec):
    def __init__(self, keys: dict[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._sealing = next(iter(keys))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.seal(payload, os.urandom(NONCE_BYTES)) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.open(payload) for payload in payloads]

    def seal(self, payload: Payload, nonce: bytes) -> Payload:
        ciphertext = self._ciphers[self._sealing].encrypt(nonce, payload.SerializeToString(deterministic=True), None)
        return Payload(
            metadata={"encoding": b"binary/encrypted", "encryption-key-id": self._sealing.encode()},
            data=nonce + ciphertext,
        )

    def open(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != b"binary/encrypted":
            raise ValueError("a payload that is not sealed")
        key_id = payload.metadata.get("encryption-key-id", b"").decode()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise KeyError(f"no key {key_id!r}, but {sorted(self._ciphers)}")
        nonce, ciphertext = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        return Payload.FromString(cipher.decrypt(nonce, ciphertext, None))
