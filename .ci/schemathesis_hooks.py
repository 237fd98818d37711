"""What a valid request is beyond what JSON Schema can say. Read by schemathesis (SCHEMATHESIS_HOOKS)."""
import schemathesis
from hypothesis import strategies as st

# A digit, an upper-case, a lower-case and a special character, and eight in all.
schemathesis.openapi.format(
    "password",
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40).map("Aa1!".__add__),
)


def poisoned(value):
    """Whether an object has a key that the parser refuses, wherever it is."""
    if isinstance(value, dict):
        return any(key in ("__proto__", "constructor") or poisoned(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(poisoned, value))


@schemathesis.hook
def filter_body(context, body):
    return not poisoned(body)
