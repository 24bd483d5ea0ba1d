"""Checks of single texts that a pattern alone cannot express: each takes a text and returns a complaint or None."""

import ipaddress
import re

# fmt: off
RESERVED_VARIABLES = frozenset((
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
))

REGIONS = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1",
    "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-7", "ca-central-1", "ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1",
    "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1", "me-central-1", "me-south-1", "mx-central-1",
    "sa-east-1", "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
)

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# fmt: on
# Field, lowest, highest, names and the special marks of EventBridge's six cron fields.
_CRON: tuple[tuple[str, int, int, tuple[str, ...], str], ...] = (
    ("minutes", 0, 59, (), ""),
    ("hours", 0, 23, (), ""),
    ("day of month", 1, 31, (), "?LW"),
    ("month", 1, 12, _MONTHS, ""),
    ("day of week", 1, 7, _DAYS, "?L#"),
    ("year", 1970, 2199, (), ""),
)


def environment_variable(name: str) -> str | None:
    return f"{name} is reserved by Lambda" if name in RESERVED_VARIABLES else None


def tag_key(key: str) -> str | None:
    for prefix in ("aws:", "strands:"):
        if key.lower().startswith(prefix):
            return f"tags that start with {prefix} are reserved"
    return None


def egress(text: str) -> str | None:
    """`tcp:5432 10.20.0.0/16`, where the pattern has already checked the shape."""
    where, _, block = text.partition(" ")
    if not 1 <= int(where.partition(":")[2]) <= 65_535:
        return "a port is 1 to 65535"
    try:
        ipaddress.IPv4Network(block)
    except ValueError:
        return f"{block} is not an IPv4 network without host bits"
    return None


def network(text: str) -> str | None:
    """An IPv4 network that a VPC may have: /16 to /28, without host bits."""
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError:
        try:
            loose = ipaddress.IPv4Network(text, strict=False)
        except ValueError:
            return "it is not an IPv4 network"
        return f"it has host bits set; the network is {loose}"
    return None if 16 <= block.prefixlen <= 28 and "/" in text else "a VPC takes /16 to /28"


def folder(path: str) -> str | None:
    """A folder inside the source bundle."""
    if path.startswith(("/", "~")) or "\\" in path or re.match(r"[A-Za-z]:", path):
        return "it must be relative, with forward slashes"
    if ".." in path.split("/"):
        return "it must not leave the source bundle"
    return None if path.isprintable() else "it holds control characters"


def route(text: str) -> str | None:
    """`METHOD /path`, where the pattern has already checked the method."""
    path = text.split(" ", 1)[1]
    if path == "/":
        return None
    names = []
    parts = path[1:].split("/")
    for number, part in enumerate(parts, 1):
        if variable := re.fullmatch(r"\{([A-Za-z0-9._-]+)(\+?)\}", part):
            if variable[2] and number != len(parts):
                return f"{part} takes the rest of the path, so it must come last"
            names.append(variable[1])
        elif not re.fullmatch(r"[A-Za-z0-9._~$&'()*+,;=:@%-]+", part):
            return f'"{part}" is not a path segment' if part else "it has an empty segment"
    return "it names a path parameter twice" if len(set(names)) < len(names) else None


def schedule(text: str) -> str | None:
    """EventBridge's rate() and cron() expressions."""
    if rate := re.fullmatch(r"rate\(([0-9]{1,9}) (minute|hour|day)(s?)\)", text):
        value = int(rate[1])
        if value < 1:
            return "the rate must be at least 1"
        if (value == 1) == bool(rate[3]):
            return f"{value} goes with {rate[2] if value == 1 else rate[2] + 's'}"
        return None
    if cron := re.fullmatch(r"cron\((.*)\)", text):
        fields = cron[1].split(" ")
        if len(fields) != len(_CRON):
            return f"cron takes 6 fields (minutes hours day-of-month month day-of-week year), not {len(fields)}"
        for value_text, (noun, low, high, names, marks) in zip(fields, _CRON, strict=True):
            if not all(_cron_part(part, low, high, names, marks) for part in value_text.split(",")):
                return f'"{value_text}" does not fit the {noun} field'
        return None if (fields[2] == "?") != (fields[4] == "?") else "exactly one of day-of-month and day-of-week is ?"
    return "it is neither rate(...) nor cron(...)"


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...], marks: str) -> bool:
    if part == "?":
        return "?" in marks
    if "L" in marks and re.fullmatch(r"L|[1-7]L" if "#" in marks else r"L(-[0-9]{1,2})?|LW", part):
        return True
    if "W" in marks and (weekday := re.fullmatch(r"([0-9]{1,2})W", part)):
        return low <= int(weekday[1]) <= high
    if "#" in marks and re.fullmatch(r"[1-7]#[1-5]|(" + "|".join(_DAYS) + r")#[1-5]", part):
        return True
    span, _, step = part.partition("/")
    if "/" in part and not (step.isascii() and step.isdigit() and 1 <= int(step) <= high):
        return False
    if span == "*":
        return True
    ends = [_cron_value(end, low, high, names) for end in span.split("-")]
    return len(ends) <= 2 and all(ends)


def _cron_value(text: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    return text in names or (bool(re.fullmatch(r"[0-9]{1,4}", text)) and low <= int(text) <= high)
