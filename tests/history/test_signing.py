"""Keys: made once, kept in files or in KMS, in the store by their id, and replaced by being introduced."""

from __future__ import annotations

import base64
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.checks import run_checks
from moto import mock_aws

from history import keys, signing
from history.chain import verify_chain
from history.signing import CannotSign, KmsKey, LocalKey, signer, signer_of
from history.store import InMemoryStore
from history.verifier import Fault, Head, Keys, Problem, fits, read_keys
from tests.history.writing import OTHER, SIGNER, STRANGER, write, write_unsigned

Make = Callable[..., Any]
PLACE = ("support-desk", "dev")
DIGEST = "d" * 64
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def pem_of(private: Any) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()  # type: ignore[no-any-return]


def test_a_signature_holds_for_its_key_kind_and_digest_alone() -> None:
    value = SIGNER.sign("manifest", DIGEST)
    assert fits(SIGNER.public, "manifest", DIGEST, value)
    assert not fits(OTHER.public, "manifest", DIGEST, value)
    assert not fits(SIGNER.public, "key", DIGEST, value)
    assert not fits(SIGNER.public, "manifest", "e" * 64, value)
    for nonsense in ("", "not base64!", "MDA=", 5, None):
        assert not fits(SIGNER.public, "manifest", DIGEST, nonsense)


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    signing.make(path)
    pem = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signing.make(path)
    assert path.read_text() == pem
    assert list(tmp_path.iterdir()) == [path]
    assert signer_of(str(path)).id == LocalKey.from_pem(pem).id == signer_of(pem).id


def test_of_two_that_make_a_key_at_once_one_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.pem"
    path.write_text("the other's")
    monkeypatch.setattr(Path, "exists", lambda _: False)
    signing.make(path)
    assert path.read_text() == "the other's"


def test_what_openssl_makes_is_a_key(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(path)], check=True, capture_output=True)
    assert fits(signer_of(str(path)).public, "key", DIGEST, signer_of(str(path)).sign("key", DIGEST))


def test_what_is_no_key_is_said_so(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    (tmp_path / "binary").write_bytes(b"\xff")
    for named, said in (
        (str(tmp_path / "none"), "No such file"),
        (str(tmp_path / "binary"), "decode"),
        ("-----BEGIN NONSENSE-----", "cannot be read"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "not an Ed25519 key"),
        ("arn:aws:s3:::bucket", "not the ARN of a KMS key"),
    ):
        with pytest.raises(CannotSign, match=said):
            signer_of(named)


def test_the_settings_name_the_key_and_a_missing_one_is_made_only_on_one_machine(settings: Any, tmp_path: Path) -> None:
    settings.HISTORY_SIGNING_KEY = str(tmp_path / "key.pem")
    assert signer().id == signer().id
    settings.HISTORY_KMS_KEY = ARN
    assert isinstance(signer(), KmsKey)
    settings.EMBEDDED, settings.HISTORY_KMS_KEY, settings.HISTORY_SIGNING_KEY = False, "", str(tmp_path / "none.pem")
    with pytest.raises(CannotSign, match=r"none\.pem"):
        signer()
    settings.HISTORY_SIGNING_KEY = ""
    with pytest.raises(CannotSign, match="HISTORY_KMS_KEY"):
        signer()


def test_a_deployment_without_a_usable_key_is_complained_about(settings: Any, tmp_path: Path) -> None:
    def said() -> list[str]:
        return [
            str(each.id) for each in run_checks(include_deployment_checks=True) if str(each.id).startswith("history")
        ]

    assert said() == []
    settings.EMBEDDED, settings.HISTORY_SIGNING_KEY = False, str(tmp_path / "none.pem")
    assert said() == ["history.E001"]


def kms(private: Ed25519PrivateKey, spec: str = "ECC_NIST_EDWARDS25519", asked: list[Any] | None = None) -> Any:
    """A boto3 client whose calls are checked by AWS's own description of them, and answered here."""
    client = boto3.client("kms", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")

    def answer(model: Any, request_signer: Any, params: Any, **_: Any) -> Any:
        import json

        body = json.loads(params["body"])
        if asked is not None:
            asked.append((model.name, body))
        if model.name == "GetPublicKey":
            public = private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return _ok(), {"KeyId": ARN, "KeySpec": spec, "PublicKey": public}
        return _ok(), {"KeyId": ARN, "Signature": private.sign(base64.b64decode(body["Message"]))}

    client.meta.events.register("before-call.kms", answer)
    return client


def _ok() -> Any:
    from botocore.awsrequest import AWSResponse

    return AWSResponse("https://kms", 200, {}, None)


def test_a_key_of_kms_signs_as_one_in_a_file(documents: Make) -> None:
    private, asked = Ed25519PrivateKey.generate(), []  # type: ignore[var-annotated]
    key = KmsKey(kms(private, asked=asked), ARN)
    local = LocalKey(private)
    assert (key.id, key.public) == (local.id, local.public)
    assert key.sign("manifest", DIGEST) == local.sign("manifest", DIGEST)
    assert [name for name, _ in asked] == ["GetPublicKey", "Sign"], "the public key is asked for once"
    assert (asked[1][1]["SigningAlgorithm"], asked[1][1]["MessageType"]) == ("ED25519_SHA_512", "RAW")
    store = InMemoryStore()
    write(store, documents(), signer=key)
    assert verify_chain(store, *PLACE, believed=key.id) is None


def test_a_key_of_kms_of_another_kind_is_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    with pytest.raises(CannotSign, match="is of RSA_2048"):
        str(KmsKey(kms(Ed25519PrivateKey.generate(), "RSA_2048"), ARN).public)
    with pytest.raises(CannotSign, match="no Ed25519"):
        str(KmsKey(kms(ec.generate_private_key(ec.SECP256R1())), ARN).public)  # type: ignore[arg-type]


def test_kms_that_does_not_answer_means_later() -> None:
    class Away:
        def sign(self, **_: Any) -> Any:
            raise EndpointConnectionError(endpoint_url="https://kms")

    with pytest.raises(CannotSign, match="does not answer"):
        KmsKey(Away(), ARN).sign("manifest", DIGEST)
    with mock_aws(), pytest.raises(CannotSign, match="NotFound"):
        str(KmsKey(kms_of_nobody(), ARN).public)


def kms_of_nobody() -> Any:
    return boto3.client("kms", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")


def test_a_new_key_takes_over_when_the_old_one_introduces_it(store: InMemoryStore, documents: Make) -> None:
    write(store, documents(1))
    with pytest.raises(CannotSign, match="knows nothing of"):
        write(store, documents(2), signer=OTHER)
    assert keys.replace_key(store, SIGNER, OTHER) == 2
    write(store, documents(2))  # a process that still has the old one
    write(store, documents(3), signer=OTHER)
    with pytest.raises(CannotSign, match="was replaced by"):
        write(store, documents(4))
    for believed in (SIGNER.id, OTHER.id, ""):
        assert verify_chain(store, *PLACE, believed=believed) is None
    with pytest.raises(CannotSign, match="there already"):
        keys.replace_key(store, OTHER, SIGNER)
    with pytest.raises(CannotSign, match="only that one"):
        keys.replace_key(store, SIGNER, STRANGER)


def test_after_a_lost_key_the_new_one_counts_for_who_believes_in_it(store: InMemoryStore, documents: Make) -> None:
    write(store, documents(1))
    keys.replace_key(store, None, OTHER)
    write(store, documents(2), signer=OTHER)
    assert verify_chain(store, *PLACE, believed=OTHER.id) is None
    problem = verify_chain(store, *PLACE, believed=SIGNER.id)
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.WRONG_KEY, 2)


def test_the_first_key_of_all_needs_no_introduction(store: InMemoryStore) -> None:
    with pytest.raises(CannotSign, match="nothing was signed yet"):
        keys.replace_key(store, SIGNER, OTHER)
    assert read_keys(store, SIGNER.id) == Keys()


def test_of_two_that_enter_the_first_key_at_once_one_wins(store: InMemoryStore) -> None:
    def meanwhile() -> dict[str, Head]:
        keys.introduce(store, SIGNER, dict)
        return {"p/e": Head(1, DIGEST)}

    keys.introduce(store, SIGNER, meanwhile)
    assert len(keys.listed(store)) == 1


def test_records_from_before_keys_stay_valid_up_to_where_they_were_found(store: InMemoryStore, documents: Make) -> None:
    second = write_unsigned(store, documents(2), write_unsigned(store, documents(1)))
    assert verify_chain(store, *PLACE, believed=SIGNER.id) is None
    write(store, documents(1, environment="prod"))
    found = read_keys(store, SIGNER.id)
    assert isinstance(found, Keys)
    assert found.unsigned == {"support-desk/dev": Head(2, second.digest())}
    third = write(store, documents(3))
    assert verify_chain(store, *PLACE, believed=SIGNER.id) is None
    write_unsigned(store, documents(4), third)
    problem = verify_chain(store, *PLACE, believed=SIGNER.id)
    assert problem is not None
    assert (problem.fault, problem.sequence, problem.message) == (Fault.WRONG_KEY, 4, "it is not signed")


def test_records_from_before_keys_cannot_be_written_anew_either(store: InMemoryStore, documents: Make) -> None:
    write_unsigned(store, documents(2), write_unsigned(store, documents(1)))
    write(store, documents(1, environment="prod"))
    for key in [key for key in store.objects if key.startswith("support-desk/dev/")]:
        del store.objects[key]
    write_unsigned(store, documents(2, memory=1), write_unsigned(store, documents(1)))
    problem = verify_chain(store, *PLACE, believed=SIGNER.id)
    assert problem is not None
    assert (problem.fault, problem.sequence) == (Fault.EDITED, 2)


def test_a_damaged_environment_does_not_keep_others_from_being_signed(store: InMemoryStore, documents: Make) -> None:
    write_unsigned(store, documents(1))
    store.objects["support-desk/dev/chain/0000000001.json"] = b"{}"
    write(store, documents(1, environment="prod"))
    assert keys.listed(store)[0]["unsigned"] == {}


def problem_of(store: InMemoryStore, believed: str) -> tuple[Fault, str, str]:
    found = read_keys(store, believed)
    assert isinstance(found, Problem)
    return found.fault, found.key[-7:-5], found.message


def test_whoever_lacks_the_keys_cannot_change_the_list_of_them(store: InMemoryStore, documents: Make) -> None:
    write(store, documents(1))
    keys.replace_key(store, SIGNER, OTHER)
    whole = dict(store.objects)
    first, second = "_keys/0000000001.json", "_keys/0000000002.json"

    def after(change: Callable[[dict[str, bytes]], Any], believed: str = OTHER.id) -> tuple[Fault, str, str]:
        store.objects = dict(whole)
        change(store.objects)
        return problem_of(store, believed)

    assert after(lambda objects: objects.pop(first))[:2] == (Fault.DELETED, "01")
    assert after(lambda objects: objects.pop(second))[0] is Fault.WRONG_KEY
    assert after(lambda objects: objects.update({second: b"{}"}))[:2] == (Fault.EDITED, "02")
    assert after(lambda objects: objects.update({second: b"[]"}))[:2] == (Fault.EDITED, "02")
    assert after(lambda objects: objects.update({second: whole[first]}))[:2] == (Fault.EDITED, "02")
    swapped = whole[first].replace(SIGNER.id.encode(), STRANGER.id.encode())
    assert after(lambda objects: objects.update({first: swapped}))[:2] == (Fault.EDITED, "01")
    unsigned = whole[first].replace(b'"unsigned":{}', b'"unsigned":{"p/e":{"digest":"%s","sequence":9}}' % (b"a" * 64))
    assert after(lambda objects: objects.update({first: unsigned}))[:2] == (Fault.WRONG_KEY, "01")
    for nonsense in (b'"unsigned":[]', b'"unsigned":{"p/e":{"digest":"a","sequence":9}}'):
        broken = whole[first].replace(b'"unsigned":{}', nonsense)
        assert after(lambda objects, broken=broken: objects.update({first: broken}))[:2] == (Fault.EDITED, "01")
    # Another list altogether, or another key with the name of the old one behind it, is none that we believe in.
    other = InMemoryStore()
    write(other, documents(1), signer=STRANGER)
    assert after(lambda objects: objects.update({first: other.objects[first]}))[:2] == (Fault.EDITED, "02")
    keys.replace_key(other, None, OTHER)
    entry = other.objects[second].replace(b'"introduction":null', b'"introduction":"MDA="')
    assert after(lambda objects: objects.update({first: other.objects[first], second: entry}))[2].endswith(
        "introduce it"
    )
