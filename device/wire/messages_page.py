"""docs/wire.md from the message types and the golden examples.

Write it anew with `python -m device.wire.messages_page docs/wire.md tests/wire/golden/v1`, or `make pages`.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec

from device.wire import fleet, messages, rollout, topics
from device.wire.codec import MAX_BYTES
from device.wire.messages import MAX_SEALED, VERSION, Evidence, GivenAnswer, Message, Receipt, Result

LONGEST_VALUE = 96
"""Characters of a value that an example shows; sealed and signed ones are longer."""

SECTIONS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    (
        "Asks",
        "Unit → gateway, on `…/up/ask`. Said again with the same `ask_id` when no answer comes.",
        get_args(messages.Ask),
    ),
    (
        "Answers",
        "Gateway → unit, on `…/down/answer`: `signed_answer`; what is inside follows.",
        (messages.SignedAnswer, GivenAnswer, *get_args(messages.Answer)),
    ),
    ("Result", "Unit → consumer, on `…/up/result`, until the receipt comes.", (messages.SignedResult, Result)),
    ("Receipt", "Consumer → unit, on `…/down/receipt`.", (messages.SignedReceipt, Receipt)),
    ("Status", "Unit → whoever may listen, on `…/up/status`, retained, and left as the last will.", (messages.Status,)),
    (
        "Fleet: a unit is claimed",
        f"On `{topics.claim_request('<claim>')}` and `{topics.claim_answer('<claim>')}`, on a listener of their own.",
        (fleet.ClaimRequest, *get_args(fleet.ClaimAnswer), fleet.UpdateTrust),
    ),
    (
        "Fleet: orders",
        "Fleet → unit: `signed_order` on `…/down/twin` and `…/down/command`; what is inside follows.",
        (fleet.SignedOrder, *get_args(fleet.Order)),
    ),
    ("Fleet: settings", "Unit → fleet, on `…/up/twin`.", (fleet.TwinReport,)),
    ("Fleet: health", "Unit → fleet, on `…/up/health`.", (fleet.Health,)),
    (
        "Fleet: the next certificate",
        "Unit → fleet on `…/up/csr`, fleet → unit on `…/down/cert`.",
        (fleet.CertificateWanted, *get_args(fleet.CertificateAnswer)),
    ),
    (
        "Fleet: diagnosis",
        "Unit → fleet, on `…/up/diag`.",
        (*get_args(fleet.Diagnosis), fleet.WipeReceipt),
    ),
    (
        "Fleet: updates",
        "Fleet → unit: `signed_order` on `…/down/job` with an `update_order` inside; unit → fleet on `…/up/job`.",
        (rollout.UpdateOrder, rollout.UpdateReport),
    ),
    ("Inside what is sealed", "Travels inside `evidence` of `holder`.", (Evidence,)),
)

_HEAD = f"""\
# What is said on the line

<!-- Generated from device/wire/messages.py, fleet.py, rollout.py and tests/wire/golden by `make pages`. -->

JSON in UTF-8 over MQTT 5, QoS 1, mutual TLS. Version {VERSION}: every message says `v`; another version is refused,
unknown fields are ignored. A message is at most {MAX_BYTES:,} bytes (checked before it is parsed), a sealed value at
most {MAX_SEALED:,} characters. Times are UTC with zone, binary values base64.

`…` is `{topics.PRODUCTION_ROOT}/<unit>` for units, `{topics.SIMULATION_ROOT}/<unit>` for units of simulated parts.
`<unit>` is the common name of the unit's certificate. Nothing but the status is ever retained.

Values of type *sealed* are compact JWE (ECDH-ES+A256KW, A256GCM) that only the clinic opens; `jws` is a compact JWS
(ES256) by the key of the TLS certificate of whoever speaks, which is in its header (`x5c`): of the unit in a result, of
`clinic-gateway` in an answer, of `clinic-consumer` in a receipt, of `fleet-service` in an order. Why it is so:
[ADR 0003](adr/0003-messages-are-typed-signed-and-sealed.md),
[ADR 0004](adr/0004-only-a-receipt-empties-the-outbox.md),
[ADR 0014](adr/0014-a-result-is-signed-when-it-is-sent.md),
[ADR 0025](adr/0025-what-the-clinic-says-is-signed.md).
How the line behaves when it is bad: [reliability.md](reliability.md).
"""


def render(golden: Path) -> str:
    """Return the page; `golden` is the folder of examples, one or more for each kind."""
    examples = _examples(golden)
    lines = [_HEAD]
    for title, words, kinds in SECTIONS:
        lines += [f"## {title}\n", f"{words}\n"]
        for kind in kinds:
            lines += _kind(kind, examples[_tag(kind)])
    return "\n".join(lines)


def documented() -> set[str]:
    """Return the kinds that the page tells of; every message there is has to be among them."""
    return {_tag(kind) for _, _, kinds in SECTIONS for kind in kinds}


def all_kinds() -> set[str]:
    """Return the kinds that there are."""
    inside = (Result, Receipt, Evidence, GivenAnswer, *get_args(messages.Answer))
    fleet_inside = (
        *get_args(fleet.Order),
        fleet.UpdateTrust,
        fleet.WipeReceipt,
        rollout.UpdateOrder,
        rollout.UpdateReport,
    )
    return {_tag(kind) for kind in (*get_args(Message), *get_args(fleet.FleetMessage), *inside, *fleet_inside)}


def _kind(kind: Any, examples: list[Path]) -> Iterator[str]:  # noqa: ANN401  a struct class
    yield f"### `{_tag(kind)}`\n"
    yield inspect.cleandoc(kind.__doc__ or "") + "\n"
    yield "| field | type | |"
    yield "| --- | --- | --- |"
    schema = msgspec.json.schema(kind)
    own = schema["$defs"][kind.__name__]
    notes = _notes(kind)
    for field, told in own["properties"].items():
        if field in {"kind", "v"}:
            continue
        need = "" if field in own["required"] else "optional. "
        yield f"| `{field}` | {_type(told, schema)} | {need}{notes.get(field, '')} |"
    yield ""
    for path in examples:
        yield f"<details><summary>example: <code>{path.stem}</code></summary>\n"
        yield f"```json\n{json.dumps(_shortened(json.loads(path.read_bytes())), ensure_ascii=False, indent=1)}\n```\n"
        yield "</details>\n"


def _type(told: dict[str, Any], schema: dict[str, Any]) -> str:
    if "$ref" in told:
        return _type(schema["$defs"][told["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in told:
        return " or ".join(dict.fromkeys(_type(each, schema) for each in told["anyOf"]))
    if "enum" in told:
        values = told["enum"]
        shown = ", ".join(f"`{value}`" for value in values[:8])
        return f"one of {shown}" + (f" … ([all {len(values)}](reasons.md))" if len(values) > len(values[:8]) else "")
    match told.get("type"):
        case "array":
            return f"list of {_type(told['items'], schema)}" if told.get("items") else "list"
        case "object":
            return _object(told, schema)
        case "string" if told.get("maxLength") == MAX_SEALED:
            return "sealed"
        case "string":
            return {"date-time": "time", "byte": "bytes"}.get(
                told.get("format", "") or ("byte" if told.get("contentEncoding") == "base64" else ""), "text"
            )
        case str() as name:
            return name
        case _:
            return "anything"


def _object(told: dict[str, Any], schema: dict[str, Any]) -> str:
    fields = told.get("properties", {})
    if "kind" in fields:
        return f"`{fields['kind']['enum'][0]}`"
    if fields:
        return f"object: {', '.join(f'`{name}` ({_type(each, schema)})' for name, each in fields.items())}"
    return f"object of {_type(told.get('additionalProperties', {}), schema)}"


def _notes(kind: Any) -> dict[str, str]:  # noqa: ANN401  a struct class
    # The sentences below the fields are for readers of the source; here they are for readers of the page too.
    source = inspect.getsource(kind)
    found = re.findall(r'^    (\w+): [^\n]*\n    """(.*?)"""', source, flags=re.MULTILINE | re.DOTALL)
    return {field: re.sub(r"\s+", " ", words).strip().replace("|", "\\|") for field, words in found}


def _shortened(value: Any) -> Any:  # noqa: ANN401  JSON
    match value:
        case dict():
            return {name: _shortened(each) for name, each in value.items()}
        case list():
            return [_shortened(each) for each in value]
        case str() if len(value) > LONGEST_VALUE:
            return f"{value[: LONGEST_VALUE // 2]}… ({len(value)} characters)"
        case _:
            return value


def _examples(golden: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(golden.glob("*.json")):
        if kind := json.loads(path.read_bytes()).get("kind"):
            found.setdefault(kind, []).append(path)
    return found


def _tag(kind: Any) -> str:  # noqa: ANN401  a struct class
    return str(kind.__struct_config__.tag)


def main(arguments: list[str]) -> None:
    """Write the page to the file that is named, with the examples of the folder that is named."""
    Path(arguments[0]).write_text(render(Path(arguments[1])), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
