"""What AWS's error codes mean: category, cause in plain words and what to do; one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deployments.engine.errors import Category


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
UNAVAILABLE = Failure(
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
    "Add the action that the message names to the deploy role; the environment's access page prints the whole policy.",
)
_EXPIRED = Failure(Category.CREDENTIALS, "the credentials have expired", "Renew them, then run the deployment again.")
BAD_CREDENTIALS = Failure(
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
INVALID = Failure(
    Category.INVALID, "AWS does not accept a value", "Correct the property that the message names in the configuration."
)
_POLICY = Failure(
    Category.INVALID, "a policy document is not valid", "Check actions, resources and principals of the permissions."
)
REGION = Failure(
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
        UNAVAILABLE,
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
        BAD_CREDENTIALS,
        """
        InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch AuthFailure
        IncompleteSignature InvalidSignatureException MissingAuthenticationToken InvalidToken OptInRequired
        MissingAuthenticationTokenException IncompleteSignatureException RequestTimeTooSkewed NotSignedUp
        """,
    ),
    (
        REGION,
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
        INVALID,
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
            return UNAVAILABLE if status >= 500 else INVALID
