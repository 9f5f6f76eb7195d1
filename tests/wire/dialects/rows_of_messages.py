"""What becomes of each thing that a conversation may consist of."""

from tests.wire.dialects.conformance import (
    C_M,
    C_R,
    HI,
    HI_ITEM,
    M_C,
    M_IMAGE,
    M_R,
    PAGE,
    PDF,
    PNG,
    R_C,
    R_IMAGE,
    R_M,
    Changed,
    Members,
    Refused,
    Row,
    asks,
    items,
    says,
    user_item,
)

_MARK: Members = {"prompt_cache_breakpoint": {"mode": "explicit"}}

MESSAGES_ROWS = (
    Row(
        "a system prompt",
        chat=says({"role": "system", "content": "Be brief."}, HI),
        responses={"instructions": "Be brief.", **items(HI_ITEM)},
        messages={"system": "Be brief.", **says(HI)},
    ),
    Row(
        "the developer's role",
        chat=says({"role": "developer", "content": "Be brief."}, HI),
        responses=items(
            {
                "type": "message",
                "role": "developer",
                "content": [{"type": "input_text", "text": "Be brief."}],
            },
            HI_ITEM,
        ),
        cells={
            C_M: Changed("becomes the system prompt", {"system": "Be brief.", **says(HI)}),
            R_M: Changed("becomes the system prompt", {"system": "Be brief.", **says(HI)}),
        },
    ),
    Row(
        "a system message amid the conversation",
        chat=says(HI, {"role": "system", "content": "Be brief."}),
        responses=items(
            HI_ITEM,
            {
                "type": "message",
                "role": "system",
                "content": [{"type": "input_text", "text": "Be brief."}],
            },
        ),
        messages=says(HI, {"role": "system", "content": "Be brief."}),
    ),
    Row(
        "messages of one side in a row",
        chat=says(HI, {"role": "user", "content": "There"}),
        responses=items(HI_ITEM, user_item({"type": "input_text", "text": "There"})),
        cells={
            pair: Changed(
                "become one message, as Messages do it themselves",
                asks({"type": "text", "text": "Hi"}, {"type": "text", "text": "There"}),
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "an image by its URL",
        chat=asks({"type": "image_url", "image_url": {"url": PAGE}}),
        responses=items(user_item({"type": "input_image", "detail": "auto", "image_url": PAGE})),
        messages=asks({"type": "image", "source": {"type": "url", "url": PAGE}}),
    ),
    Row(
        "an image's bytes",
        chat=asks({"type": "image_url", "image_url": {"url": PNG}}),
        responses=items(user_item(R_IMAGE)),
        messages=asks(M_IMAGE),
    ),
    Row(
        "an uploaded image",
        responses=items(user_item({"type": "input_image", "detail": "auto", "file_id": "f1"})),
        messages=asks({"type": "image", "source": {"type": "file", "file_id": "f1"}}),
        cells={R_C: Refused("image"), M_C: Refused("image")},
    ),
    Row(
        "how closely to look at an image",
        chat=asks({"type": "image_url", "image_url": {"url": PAGE, "detail": "low"}}),
        responses=items(user_item({"type": "input_image", "detail": "low", "image_url": PAGE})),
        cells={
            pair: Changed(
                "left out: Messages look as closely as they can",
                asks({"type": "image", "source": {"type": "url", "url": PAGE}}),
            )
            for pair in (C_M, R_M)
        },
    ),
    Row(
        "a PDF's bytes",
        chat=asks({"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}}),
        responses=items(user_item({"type": "input_file", "file_data": PDF, "filename": "a.pdf"})),
        messages=asks(
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
                "title": "a.pdf",
            }
        ),
    ),
    Row(
        "a document by its URL",
        responses=items(user_item({"type": "input_file", "file_url": "https://example.com/a.pdf"})),
        messages=asks(
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
        ),
        cells={R_C: Refused("document"), M_C: Refused("document")},
    ),
    Row(
        "an uploaded document",
        chat=asks({"type": "file", "file": {"file_id": "f1"}}),
        responses=items(user_item({"type": "input_file", "file_id": "f1"})),
        messages=asks({"type": "document", "source": {"type": "file", "file_id": "f1"}}),
    ),
    Row(
        "a document to be cited",
        messages=asks(
            {
                "type": "document",
                "source": {"type": "file", "file_id": "f1"},
                "citations": {"enabled": True},
            }
        ),
        cells={pair: Refused("messages[0].content[0].citations") for pair in (M_C, M_R)},
    ),
    Row(
        "sound",
        chat=asks({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
        cells={C_R: Refused("input_audio"), C_M: Refused("input_audio")},
    ),
    Row(
        "a participant's name",
        chat=says({"role": "user", "content": "Hi", "name": "Ann"}),
        cells={
            C_R: Changed("left out: nobody is to be told from another", items(HI_ITEM)),
            C_M: Changed("left out: nobody is to be told from another", says(HI)),
        },
    ),
    Row(
        "names of several users",
        chat=says(*({"role": "user", "content": "Hi", "name": name} for name in ("Ann", "Bo"))),
        cells={
            C_R: Changed(
                "said in words",
                items(
                    *(
                        user_item({"type": "input_text", "text": f"{name}: Hi"})
                        for name in ("Ann", "Bo")
                    )
                ),
            ),
            C_M: Changed(
                "said in words",
                asks({"type": "text", "text": "Ann: Hi"}, {"type": "text", "text": "Bo: Hi"}),
            ),
        },
    ),
    Row(
        "names of several assistants",
        chat=says(
            HI,
            *({"role": "assistant", "content": "Hi", "name": name} for name in ("Ann", "Bo")),
            HI,
        ),
        cells={pair: Refused("messages[1].name") for pair in (C_R, C_M)},
    ),
    Row(
        "a cache breakpoint",
        chat=asks({"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}),
        responses=items(
            user_item(
                {
                    "type": "input_text",
                    "text": "Hi",
                    "prompt_cache_breakpoint": {"mode": "explicit"},
                }
            )
        ),
        messages=asks({"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}),
    ),
    Row(
        "a cache breakpoint for an hour",
        messages=asks(
            {
                "type": "text",
                "text": "Hi",
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            }
        ),
        cells={
            M_C: Changed("without its lifetime", asks({"type": "text", "text": "Hi", **_MARK})),
            M_R: Changed(
                "without its lifetime",
                items(user_item({"type": "input_text", "text": "Hi", **_MARK})),
            ),
        },
    ),
    Row(
        "a refusal in the history",
        chat=says(HI, {"role": "assistant", "content": None, "refusal": "No."}, HI),
        responses=items(
            HI_ITEM,
            {
                "id": "msg_1_0",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "refusal", "refusal": "No."}],
            },
            HI_ITEM,
        ),
        cells={
            pair: Changed(
                "becomes what the assistant said",
                says(HI, {"role": "assistant", "content": "No."}, HI),
            )
            for pair in (C_M, R_M)
        },
    ),
)
