"""What a valid request is beyond what JSON Schema can say. Read by schemathesis (SCHEMATHESIS_HOOKS)."""
import json

import schemathesis
from hypothesis import strategies as st

# A digit, an upper-case, a lower-case and a special character, and eight in all.
schemathesis.openapi.format(
    "password",
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40).map("Aa1!".__add__),
)

# Of hosts that DNS knows; other names are refused.
schemathesis.openapi.format(
    "public-https-url",
    st.sampled_from(["https://example.org/hook", "https://example.com:8443/", "https://example.net/a?b=c"]),
)

schemathesis.openapi.format(
    "s3-location",
    st.fixed_dictionaries({"Bucket": st.text(max_size=63), "Key": st.text(max_size=99)}).map(json.dumps),
)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """No cursors: one that the broker has not given is wrong, whatever it looks like."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            if "parameters" in operation:
                operation["parameters"] = [p for p in operation["parameters"] if p.get("name") != "cursor"]


def poisoned(value):
    """Whether an object has a key that the parser refuses, wherever it is."""
    if isinstance(value, dict):
        return any(key in ("__proto__", "constructor") or poisoned(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(poisoned, value))


@schemathesis.hook
def filter_body(context, body):
    return not poisoned(body)
