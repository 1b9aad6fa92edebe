"""Seals and opens for interop.test.ts. Standard input: {keys, seal: [value], open: [payload]}; output: {sealed, opened}."""

import asyncio
import json
import sys

from google.protobuf.json_format import MessageToDict, ParseDict
from sealing_codec import SealingCodec, parse_keys
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter


async def main() -> None:
    request = json.load(sys.stdin)
    converter = DataConverter(payload_codec=SealingCodec(parse_keys(request["keys"])))
    sealed = await converter.encode(request["seal"])
    opened = await converter.decode([ParseDict(payload, Payload()) for payload in request["open"]])
    json.dump({"sealed": [MessageToDict(payload) for payload in sealed], "opened": opened}, sys.stdout)


asyncio.run(main())
