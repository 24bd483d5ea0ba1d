"""What AWS's error codes mean: category, cause in plain words and what to do; one table, read by `calls`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from deployments.engine.errors import Category, CloudError


@dataclass(frozen=True, slots=True)
class Failure:
    """One row of the catalogue; `advice` is empty where a retry is all there is to do."""

    category: Category
    cause: str
    advice: str = ""


_THROTTLED = Failure(
    Category.THROTTLED,
    "AWS is throttling this account",
    "Run it again in a few minutes, with less parallelism, or ask AWS for a higher request rate.",
)
_UNAVAILABLE = Failure(
    Category.UNAVAILABLE, "AWS did not answer properly", "Try again; the AWS Health Dashboard tells of outages."
)
_SETTLING = Failure(
    Category.EVENTUAL,
    "a change made just before is not visible everywhere yet, or another is still under way",
    "Try again in a minute.",
)
_DENIED = Failure(
    Category.DENIED,
    "the credentials are not allowed to do this",
    "Add the action that the message names to the deploy role; the deploy policy page prints the whole policy.",
)
_EXPIRED = Failure(Category.CREDENTIALS, "the credentials have expired", "Renew them, then run the deployment again.")
_BAD_CREDENTIALS = Failure(
    Category.CREDENTIALS,
    "AWS does not accept the credentials",
    "Check the environment's role, its external id and the credentials the worker runs with.",
)
_NOT_FOUND = Failure(
    Category.NOT_FOUND,
    "something this needs is not there",
    "Make a new plan: it finds what was deleted outside and creates it again.",
)
_EXISTS = Failure(
    Category.CONFLICT,
    "something of this name exists already",
    "Rename the resource in the configuration, or remove the other one.",
)
_BUSY = Failure(
    Category.CONFLICT, "the resource is in use or being changed by somebody else", "Wait for that to end, try again."
)
_QUOTA = Failure(
    Category.QUOTA,
    "a quota of the account is used up",
    "Ask for a higher quota in Service Quotas, or remove something.",
)
_INVALID = Failure(
    Category.INVALID, "AWS does not accept a value", "Correct the property that the message names in the configuration."
)
_POLICY = Failure(
    Category.INVALID, "a policy document is not valid", "Check actions, resources and principals of the permissions."
)
_REGION = Failure(
    Category.CREDENTIALS, "the region is not enabled or not known", "Check the environment's region; enable it in IAM."
)
_KMS = Failure(
    Category.DENIED, "the encryption key cannot be used", "Check that the KMS key exists, is enabled and may be used."
)
_UNSUPPORTED = Failure(
    Category.INVALID, "this is not offered here", "Check whether the region, or the sandbox, offers the operation."
)

_ROWS: tuple[tuple[Failure, str], ...] = (
    (
        _THROTTLED,
        """
        Throttling ThrottlingException ThrottledException Throttled RequestThrottled RequestThrottledException
        TooManyRequestsException TooManyRequests RequestLimitExceeded BandwidthLimitExceeded
        ProvisionedThroughputExceededException PriorRequestNotComplete SlowDown EC2ThrottledException
        TransactionInProgressException
        """,
    ),
    (
        _UNAVAILABLE,
        """
        InternalError InternalFailure InternalServerError InternalServiceError InternalServiceFault
        ServiceException ServiceFailure ServiceFailureException ServiceUnavailable ServiceUnavailableException
        ServerException RequestTimeout RequestTimeoutException InternalException InternalErrorException 500 502
        503 504
        """,
    ),
    (
        _SETTLING,
        """
        OperationAborted OperationAbortedException ConcurrentModification ConcurrentModificationException
        AWS.SimpleQueueService.QueueDeletedRecently QueueDeletedRecently ResourceNotReadyException
        EntityTemporarilyUnmodifiable ConcurrentAccessException ConcurrentAccess StaleTagException
        PreconditionFailedException
        """,
    ),
    (
        _DENIED,
        """
        AccessDenied AccessDeniedException UnauthorizedOperation AuthorizationError AuthorizationErrorException
        NotAuthorized UnauthorizedException ForbiddenException AllAccessDisabled AccountProblem 403
        """,
    ),
    (
        _EXPIRED,
        """
        ExpiredToken ExpiredTokenException RequestExpired TokenRefreshRequired
        """,
    ),
    (
        _BAD_CREDENTIALS,
        """
        InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch AuthFailure
        IncompleteSignature InvalidSignatureException MissingAuthenticationToken InvalidToken OptInRequired
        MissingAuthenticationTokenException IncompleteSignatureException RequestTimeTooSkewed NotSignedUp
        """,
    ),
    (
        _REGION,
        """
        RegionDisabledException PermanentRedirect AuthorizationHeaderMalformed
        IllegalLocationConstraintException
        """,
    ),
    (
        _NOT_FOUND,
        """
        ResourceNotFoundException ResourceNotFound NotFoundException NotFound NoSuchEntity NoSuchBucket
        NoSuchKey AWS.SimpleQueueService.NonExistentQueue QueueDoesNotExist NoSuchTagSet TableNotFoundException
        404
        """,
    ),
    (
        _EXISTS,
        """
        EntityAlreadyExists ResourceAlreadyExistsException ResourceExistsException BucketAlreadyExists
        BucketAlreadyOwnedByYou QueueAlreadyExists QueueNameExists TableAlreadyExistsException
        TopicAlreadyExists
        """,
    ),
    (
        _BUSY,
        """
        ResourceConflictException ConflictException ResourceInUseException ResourceInUse DeleteConflict
        BucketNotEmpty Conflict InvalidBucketState ManagedRuleException
        """,
    ),
    (
        _QUOTA,
        """
        LimitExceeded LimitExceededException ServiceQuotaExceededException TooManyBuckets QuotaExceededException
        CodeStorageExceededException TopicLimitExceeded TagLimitExceeded TooManyTagsException OverLimit
        LimitExceededFault PolicyLengthExceededException
        """,
    ),
    (
        _INVALID,
        """
        ValidationException ValidationError InvalidParameter InvalidParameterValue
        InvalidParameterValueException InvalidParameterException InvalidParameterCombination InvalidRequest
        InvalidRequestException BadRequestException InvalidArgument MalformedXML InvalidInput MissingParameter
        MissingParameterValue InvalidAttributeName InvalidAttributeValue InvalidBucketName
        InvalidEventPatternException InvalidRuntimeException InvalidTag RequestEntityTooLargeException
        EntityTooLarge KeyTooLongError InvalidStateException UnmodifiableEntity InvalidZipFileException
        InvalidCodeSignatureException
        """,
    ),
    (
        _POLICY,
        """
        MalformedPolicyDocument MalformedPolicyDocumentException MalformedPolicy InvalidPolicyDocument
        """,
    ),
    (
        _KMS,
        """
        KMSAccessDeniedException KMSAccessDenied KMSDisabledException KMSDisabled KMSInvalidStateException
        KMSNotFoundException KMSNotFound KMSOptInRequired KmsAccessDenied EncryptionFailure DecryptionFailure
        """,
    ),
    (
        _UNSUPPORTED,
        """
        UnsupportedOperation UnsupportedOperationException InvalidAction UnknownOperationException
        NotImplemented MethodNotAllowed OperationDisabledException
        """,
    ),
)

CATALOGUE: Mapping[str, Failure] = {code: failure for failure, codes in _ROWS for code in codes.split()}

# Codes that mean one thing or another depending on their words: (code, fragment of the message, lower case, meaning).
BY_MESSAGE: tuple[tuple[str, str, Failure], ...] = (
    ("InvalidParameterValueException", "cannot be assumed by lambda", _SETTLING),
    ("InvalidParameterValueException", "lambda was unable to configure access", _SETTLING),
    ("InvalidParameterValueException", "the provided execution role does not have permissions", _SETTLING),
    ("InvalidParameterValueException", "the function execution role does not have permissions", _SETTLING),
    ("InvalidParameterValueException", "cannot access stream", _SETTLING),
    ("InvalidParameterValueException", "kms key is invalid", _SETTLING),
    ("MalformedPolicyDocument", "invalid principal", _SETTLING),
    ("MalformedPolicyDocumentException", "invalid principal", _SETTLING),
    ("ResourceConflictException", "update is in progress", _SETTLING),
    ("ResourceConflictException", "pending state", _SETTLING),
    ("ResourceConflictException", "is currently in the following state: pending", _SETTLING),
    ("ResourceInUseException", "being created", _SETTLING),
    ("ResourceInUseException", "being updated", _SETTLING),
    ("ResourceInUseException", "cannot be deleted because it is in use", _SETTLING),
    ("ConflictException", "concurrent modification", _SETTLING),
    ("LimitExceededException", "subscriber limit", _SETTLING),
    ("LimitExceededException", "simultaneously", _THROTTLED),
    ("ValidationException", "currently being updated", _SETTLING),
    ("AccessDenied", "sts:assumerole", Failure(
        Category.CREDENTIALS,
        "the environment's role cannot be assumed",
        "The role's trust policy must trust the worker's identity and require the environment's external id.",
    )),
)  # fmt: skip

_NO_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    ProfileNotFound,
    TokenRetrievalError,
    SSOTokenLoadError,
    UnauthorizedSSOTokenError,
)
_SECRET_PARAMETERS = frozenset({"Variables", "SecretString", "SecretBinary", "Body", "ZipFile"})
_HIDDEN = "(hidden)"


def meaning(code: str, message: str, status: int) -> Failure:
    """The catalogue's row for an answer of AWS; a code it does not know is judged by its HTTP status."""
    lowered = message.lower()
    for known, fragment, failure in BY_MESSAGE:
        if code == known and fragment in lowered:
            return failure
    if code in CATALOGUE:
        return CATALOGUE[code]
    match status:
        case 429:
            return _THROTTLED
        case 401 | 403:
            return _DENIED
        case 404:
            return _NOT_FOUND
        case 409:
            return _BUSY
        case _:
            return _UNAVAILABLE if status >= 500 else _INVALID


def cloud_error(error: Exception, *, service: str, operation: str, parameters: Mapping[str, Any]) -> CloudError:
    """botocore's exception as the engine's, its words free of the values that were sent."""
    request_id = ""
    match error:
        case ClientError():
            answer = error.response
            code = str(answer.get("Error", {}).get("Code", "Unknown"))
            said = str(answer.get("Error", {}).get("Message") or code)
            metadata = answer.get("ResponseMetadata", {})
            request_id = str(metadata.get("RequestId", ""))
            failure = meaning(code, said, int(metadata.get("HTTPStatusCode", 0)))
        case ParamValidationError():
            code, said, failure = "ParamValidation", _misfits(str(error)), _INVALID
        case NoRegionError():
            code, said, failure = "NoRegion", "no region is set", _REGION
        case _ if isinstance(error, _NO_CREDENTIALS):
            code, said, failure = type(error).__name__, "no usable credentials were found", _BAD_CREDENTIALS
        case HTTPClientError() | ConnectionError():
            code, said, failure = type(error).__name__, "no answer from the service's endpoint", _UNAVAILABLE
        case BotoCoreError():
            code, said, failure = type(error).__name__, "the answer could not be understood", _UNAVAILABLE
        case _:
            raise error
    said = without_values(said, parameters).rstrip(".")
    return CloudError(
        f"{failure.cause[0].upper()}{failure.cause[1:]} ({service} {operation}, {code}): {said}.",
        service=service,
        operation=operation,
        code=code,
        category=failure.category,
        request_id=request_id,
        advice=failure.advice,
    )


def without_values(message: str, parameters: Mapping[str, Any]) -> str:
    """`message` without the secret values AWS may have quoted back from the call's parameters."""
    for value in sorted(set(_secrets(parameters)), key=len, reverse=True):
        message = message.replace(value, _HIDDEN)
    # "1 validation error detected: Value '{A=...}' at 'environment' failed ..." quotes whole structures.
    return re.sub(r"[Vv]alue '.*?' at '", f"Value {_HIDDEN} at '", message, flags=re.DOTALL)


def _secrets(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _secrets(entry, inside or key in _SECRET_PARAMETERS)
    elif isinstance(value, list):
        for entry in value:
            yield from _secrets(entry, inside)
    elif inside and isinstance(value, str) and len(value) >= 4:
        yield value


def _misfits(report: str) -> str:
    """The parameter names of botocore's validation report; its other words quote values."""
    names = re.findall(r'parameter (?:in [\w.\[\]]+: )?"?([\w.\[\]]+)"?', report)
    missing = re.findall(r'in (?:[\w.\[\]]+): "(\w+)"', report)
    return "parameters do not fit: " + ", ".join(dict.fromkeys([*names, *missing])) if names or missing else "bad call"
