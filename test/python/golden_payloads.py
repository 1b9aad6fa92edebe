"""Prints payloads that were sealed by an implementation other than ours: `python golden_payloads.py > golden-payloads.json`.

Keys and nonces are fixed, so that the output is stable, and have no other use. The samples for Go, Java, Python and TypeScript
put the tag after the ciphertext, as every AES-GCM library does by default; the sample for .NET puts it before.
"""

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from sealing_codec import NONCE_BYTES, SealingCodec
from temporalio.api.common.v1 import Payload, WorkflowExecution
from temporalio.converter import DefaultPayloadConverter

TAG_BYTES = 16
KEYS = {"golden-1": bytes(range(32)), "golden-2": bytes(range(255, 223, -1))}

VALUES: dict[str, Any] = {
    "text": "135790",
    "object": {"accessToken": "a.b.c", "attributeName": "email", "policy": {"maxSends": 3}},
    "other alphabets": "Zoë 日本 \U0001f511",
    "nothing": None,
    "bytes": bytes(range(256)),
    "protobuf": WorkflowExecution(workflow_id="verify/pool/sub/email", run_id="run"),
    "long": "x" * 500,
}


def tag_first(sealed: Payload) -> Payload:
    """The layout of the .NET sample."""
    nonce, rest = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
    return Payload(metadata=sealed.metadata, data=nonce + rest[-TAG_BYTES:] + rest[:-TAG_BYTES])


def golden() -> list[dict[str, Any]]:
    vectors = []
    for index, (name, value) in enumerate(VALUES.items()):
        key_id = list(KEYS)[index % 2]
        (payload,) = DefaultPayloadConverter().to_payloads([value])
        sealed = SealingCodec({key_id: KEYS[key_id]}).seal(payload, bytes([index]) * NONCE_BYTES)
        vectors.append(
            {
                "name": name,
                "payload": MessageToDict(payload),
                "sealed": MessageToDict(sealed),
                "sealedTagFirst": MessageToDict(tag_first(sealed)),
            }
        )
    return vectors


if __name__ == "__main__":
    keys = {key_id: key.hex() for key_id, key in KEYS.items()}
    print(json.dumps({"keysInHex": keys, "vectors": golden()}, indent=2))
