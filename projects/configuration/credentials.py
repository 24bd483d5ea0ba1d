"""Recognises values that look like credentials, so that they go to Secrets Manager and not into a configuration."""

import math
import re
from collections import Counter

_KNOWN = (
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"), "an AWS access key"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"), "an API key"),
    (re.compile(r"\b(ghp|gho|ghu|ghs|ghr|github_pat|glpat)[_-][A-Za-z0-9_-]{16,}"), "a Git host's token"),
    (re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"), "a Slack token"),
    (re.compile(r"\bAIza[A-Za-z0-9_-]{30,}"), "a Google API key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"), "a private key"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."), "a signed token"),
    (re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"), "an address with a password"),
)
_RANDOM = re.compile(r"[A-Za-z0-9+/=_-]{32,}")
_SECRETIVE_NAME = re.compile(r"(^|_)(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_KEY)$", re.IGNORECASE)


def what_credential(value: str) -> str | None:
    """The kind of credential `value` looks like, or None."""
    for pattern, noun in _KNOWN:
        if pattern.search(value):
            return noun
    if any(_is_random(token) for token in _RANDOM.findall(value)):
        return "a random token"
    return None


def sounds_secret(name: str) -> bool:
    """Whether an environment variable of this name usually holds a credential."""
    return bool(_SECRETIVE_NAME.search(name))


def _is_random(token: str) -> bool:
    """Long, mixed and without the repetition of words; an identifier like `claude-3-5-sonnet-20241022-v2` is not."""
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", token):
        return _entropy_bits(token) > 3.0
    # Words joined by hyphens, slashes or underscores are names: a token has a long stretch without any.
    stretch = max(re.split(r"[-_/=]", token), key=len)
    mixed = all(re.search(kind, token) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return mixed and len(stretch) >= 10 and _entropy_bits(token) > 4.2


def _entropy_bits(token: str) -> float:
    """Shannon entropy per character."""
    return -sum(n / len(token) * math.log2(n / len(token)) for n in Counter(token).values())
