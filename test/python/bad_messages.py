"""Sends invalid messages, as a service in Python could, and prints how each is refused.

Environment: TEMPORAL_ADDRESS, VERIFICATION_TASK_QUEUE, VERIFICATION_ENCRYPTION_KEYS, WORKFLOW_ID of an open verification.
Standard input: a JSON list of {"message", "input"}. Standard output: a JSON list of the types of the refusals, null for none.
"""

import asyncio
import json
import os
import sys
import uuid
from datetime import datetime, timezone
from typing import Any

from sealing_codec import SealingCodec, parse_keys
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes


def stamped(kind: str, given: Any, **fields: str) -> Any:
    if not isinstance(given, dict) or "stamp" in given:
        return given
    at = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    return {**given, "stamp": {"kind": kind, "at": at, **fields}}


async def main() -> None:
    client = await Client.connect(
        os.environ["TEMPORAL_ADDRESS"],
        data_converter=DataConverter(
            payload_codec=SealingCodec(parse_keys(os.environ["VERIFICATION_ENCRYPTION_KEYS"])),
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        ),
    )
    verification = client.get_workflow_handle(os.environ["WORKFLOW_ID"])
    few_at_once = asyncio.Semaphore(8)

    async def refusal_of(message: str, given: Any) -> str | None:
        async with few_at_once:
            try:
                if message == "request":
                    await client.execute_workflow(
                        "attributeVerification",
                        stamped("attributeVerification", given),
                        id=f"bad request {uuid.uuid4()}",
                        task_queue=os.environ["VERIFICATION_TASK_QUEUE"],
                    )
                elif message == "codeConfirmed":
                    await verification.signal(message, stamped(message, given))
                else:
                    update_id = f"{message}/{uuid.uuid4()}"
                    await verification.execute_update(message, stamped(message, given, id=update_id), id=update_id)
            except (WorkflowUpdateFailedError, WorkflowFailureError) as error:
                return getattr(error.cause, "type", type(error.cause).__name__)
            return None

    messages = json.load(sys.stdin)
    print(json.dumps(await asyncio.gather(*(refusal_of(one["message"], one["input"]) for one in messages))))


asyncio.run(main())
