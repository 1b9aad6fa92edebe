"""Verifies an attribute from Python, with Temporal's own SDK and the names of contract/.

Needs the packages temporalio and cryptography, and sealing_codec.py beside it. Environment: TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, VERIFICATION_TASK_QUEUE, VERIFICATION_ENCRYPTION_KEYS or VERIFICATION_ENCRYPTION_KEYS_FILE,
COGNITO_ACCESS_TOKEN. Prints one JSON document per line: the destination of the code; then, for each code on a line of
standard input, the answer of Cognito, or the refusal; at the end of the verification, its outcome.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sealing_codec import SealingCodec, parse_keys
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import (
    Priority,
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
)
from temporalio.converter import DataConverter, DefaultFailureConverterWithEncodedAttributes
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

ATTRIBUTE_NAME = "email"


def claims_of(access_token: str) -> dict[str, str]:
    payload = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def keys_text() -> str:
    path = os.environ.get("VERIFICATION_ENCRYPTION_KEYS_FILE")
    return Path(path).read_text() if path else os.environ["VERIFICATION_ENCRYPTION_KEYS"]


def say(document: dict[str, Any]) -> None:
    print(json.dumps(document), flush=True)


def stamp(kind: str, **fields: str) -> dict[str, Any]:
    return {"kind": kind, "at": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"), **fields}


def fits(status: dict, asked: dict) -> bool:
    answered = status.get("stamp", {})
    if any(answered.get(name) != asked.get(name) for name in ("kind", "id", "nonce")) or answered.get("reset"):
        return False
    return asked.get("runId") in (None, answered.get("runId"))


def is_verified_value(outcome: dict, value: str) -> bool:
    proven = outcome.get("value")
    if outcome.get("outcome") != "verified" or not proven:
        return False
    digest = hmac.new(proven["salt"].encode(), value.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), proven["digest"].encode())


async def previous_run_id(client: Client, workflow_id: str) -> str | None:
    """The newest run, unless it closed more than an hour ago: its sends and attempts count in the next one.

    Any other error must stop the start: it would have fresh limits.
    """
    try:
        newest = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise
    # A quarter of an hour more, for clocks that are apart. One that is open may close before the start arrives.
    closed = newest.close_time
    is_old = closed is not None and datetime.now(timezone.utc) - closed > timedelta(minutes=75)
    return None if is_old else newest.run_id


async def main() -> None:
    client = await Client.connect(
        os.environ["TEMPORAL_ADDRESS"],
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        data_converter=DataConverter(
            payload_codec=SealingCodec(parse_keys(keys_text())),
            # Seals failure messages too.
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        ),
    )
    access_token = os.environ["COGNITO_ACCESS_TOKEN"]
    claims = claims_of(access_token)
    user_pool_id = claims["iss"].rsplit("/", 1)[1]
    workflow_id = f"verify/{user_pool_id}/{claims['sub']}/{ATTRIBUTE_NAME}"

    async def start(update_id: str) -> tuple[dict, WorkflowHandle]:
        operation = WithStartWorkflowOperation(
            "attributeVerification",
            {
                "accessToken": access_token,
                "attributeName": ATTRIBUTE_NAME,
                "previousRunId": await previous_run_id(client, workflow_id),
                "stamp": stamp("attributeVerification", id=update_id),
            },
            id=workflow_id,
            task_queue=os.environ.get("VERIFICATION_TASK_QUEUE", "attribute-verification"),
            # Joins a verification that is already open.
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # Ends a verification whose history no worker can read any more. The same for every start.
            execution_timeout=timedelta(days=31),
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(SearchAttributeKey.for_keyword("VerificationState"), "codePending"),
                    SearchAttributePair(SearchAttributeKey.for_keyword("VerificationAttribute"), ATTRIBUTE_NAME),
                    SearchAttributePair(SearchAttributeKey.for_keyword("VerificationUserPool"), user_pool_id),
                ]
            ),
            static_summary=f"Verify {ATTRIBUTE_NAME} in {user_pool_id}",
            priority=Priority(fairness_key=user_pool_id),
        )
        asked = stamp("awaitDelivery", id=update_id)
        status = await client.execute_update_with_start_workflow(
            "awaitDelivery",
            {"accessToken": access_token, "stamp": asked},
            id=update_id,
            start_workflow_operation=operation,
        )
        if not fits(status, asked):
            sys.exit("this is no answer to the start")
        return status, await operation.workflow_handle()

    update_id = f"awaitDelivery/{uuid.uuid4()}"
    try:
        status, handle = await start(update_id)
    except WorkflowUpdateFailedError as error:
        if not isinstance(error.cause, ApplicationError) or error.cause.type != "VerificationEnded":
            raise
        # It met a verification without attempts left, and has ended it, which keeps that answer under its id. So the next
        # one is opened under another id, and joined under the first, by which a repetition finds its answer.
        await start(f"{update_id}/again")
        status, handle = await start(update_id)
    run = status["stamp"]["runId"]
    say({"workflowId": handle.id, "status": status})
    while status["state"] not in ("verified", "alreadyVerified", "expired", "failed", "cancelled"):
        line = await asyncio.to_thread(sys.stdin.readline)
        if line == "":
            sys.exit("no more codes, and not verified")
        asked = stamp("submitCode", id=f"submitCode/{uuid.uuid4()}", runId=run)
        try:
            answer = await handle.execute_update("submitCode", {"code": line.strip(), "stamp": asked}, id=asked["id"])
        except WorkflowUpdateFailedError as error:
            refusal = error.cause
            kind = refusal.type if isinstance(refusal, ApplicationError) else type(refusal).__name__
            say({"refused": {"type": kind, "message": str(refusal)}})
            continue
        if not fits(answer["status"], asked):
            sys.exit("this is no answer to the code")
        say({"answer": answer})
        status = answer["status"]
    outcome = await handle.result()
    if not fits(outcome["status"], {"kind": "attributeVerification", "runId": run}):
        sys.exit("this is not the outcome of this verification")
    verified = [value for value in ("zoe@example.com", "yan@example.com") if is_verified_value(outcome, value)]
    say({"outcome": outcome, "verifiedValues": verified})


asyncio.run(main())
