import base64

import pytest

from can_tf.server.json_tensors import BadRequestError, parse_request

SHAPE = {"dim": [{"size": "-1"}]}
DEFINITIONS = {"serving_default": {"inputs": {"audio": {"dtype": "DT_STRING", "tensor_shape": SHAPE}}}}
SOUND = bytes(range(256)) * 2 + b"\xff"


def parse(b64, **more):
    signature, inputs, _ = parse_request({"instances": [{"audio": {"b64": b64}}], **more}, DEFINITIONS)
    return signature, inputs["audio"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(SOUND).decode(),
        base64.encodebytes(SOUND).decode(),  # A line break after each 76, as MIME has it.
        base64.encodebytes(SOUND).decode().replace("\n", "\r\n"),
        base64.b64encode(SOUND).decode().rstrip("="),
        f"  {base64.b64encode(SOUND).decode()}\t",
    ],
)
def test_base64_is_taken_as_programs_write_it(text):
    assert parse(text) == ("serving_default", [SOUND])


@pytest.mark.parametrize("text", ["***", "A", "AAA==", "AAAA=", "AA=A", "data:audio/wav;base64,AAAA"])
def test_what_is_not_base64_is_refused(text):
    with pytest.raises(BadRequestError, match="audio: unable to base64 decode"):
        parse(text)


@pytest.mark.parametrize("more", [{}, {"signature_name": ""}, {"signature_name": "serving_default"}])
def test_a_signature_without_a_name_is_the_default(more):
    assert parse("AAAA", **more)[0] == "serving_default"
