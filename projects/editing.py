"""Changes to what is wanted: projects, configuration revisions, sources. Each function owns its transaction."""

from __future__ import annotations

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import IntegrityError, transaction

from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.bundles import Bundle, canonical_zip, read_zip
from projects.models import Configuration, Membership, Project, SourceBundle, User
from projects.roles import Role


class Conflict(Exception):
    """Somebody saved a newer revision in the meantime; `latest` is theirs."""

    def __init__(self, latest: Configuration) -> None:
        super().__init__(f"{latest.author_text} saved revision {latest.number} while you were editing.")
        self.latest = latest


def create_project(*, slug: str, description: str, owner: User) -> Project:
    """A new project with its first owner.

    Raises:
        IntegrityError: the name is taken.
    """
    with transaction.atomic():
        project = Project.objects.create(slug=slug, description=description)
        Membership.objects.create(project=project, user=owner, role=Role.OWNER)
        audit(Deed.PROJECT_CREATED, actor=owner, project=project, target_type="project", target=slug)
    return project


def save_configuration(
    *, project: Project, text: str, author: User, message: str, base_number: int | None
) -> Configuration:
    """The next revision; saving the latest text again gives the latest revision.

    `base_number` is the revision the author started from (None: there was none); it must still be the latest.

    Raises:
        Conflict: it is not.
    """
    digest = Configuration.digest_of(text)
    latest = project.latest_configuration
    if latest is not None and latest.digest == digest:
        return latest
    number = latest.number if latest else None
    if latest is not None and number != base_number:
        raise Conflict(latest)
    try:
        with transaction.atomic():
            saved = Configuration.objects.create(
                project=project,
                number=(number or 0) + 1,
                text=text,
                digest=digest,
                message=message,
                author=author,
                author_text=author.text,
            )
            audit(
                Deed.CONFIGURATION_SAVED,
                actor=author,
                project=project,
                target_type="revision",
                target=saved.number,
                detail={"digest": digest, "message": message} | ({"before": latest.digest} if latest else {}),
            )
            return saved
    except IntegrityError:  # two saved the same number at once; the database let one through
        winner = project.latest_configuration
        assert winner is not None
        raise Conflict(winner) from None


def add_source(*, project: Project, bundle: Bundle, origin: str, author: User, branch: str = "") -> SourceBundle:
    """Stores the bundle once by its digest and registers it with the project; the same content is the same row.

    `branch` is the Git branch it comes from, as the author says; a row keeps all it was ever uploaded from.
    """
    key = f"{bundle.digest}.zip"
    storage = storages["sources"]
    if not storage.exists(key):
        storage.save(key, ContentFile(canonical_zip(bundle)))
    with transaction.atomic():
        source, is_new = SourceBundle.objects.select_for_update().get_or_create(
            project=project,
            digest=bundle.digest,
            defaults={
                "size_bytes": bundle.size_bytes,
                "files": [[file.path, file.sha256, file.size_bytes] for file in bundle.files],
                "origin": origin[:200],
                "author": author,
                "author_text": author.text,
            },
        )
        if is_new:
            audit(
                Deed.SOURCE_UPLOADED,
                actor=author,
                project=project,
                target_type="source",
                target=source.short_digest,
                detail={"origin": source.origin, "bytes": source.size_bytes},
            )
        if branch and branch not in source.branches:
            source.branches = sorted([*source.branches, branch])
            source.save(update_fields=["branches"])
            audit(
                Deed.BRANCH_NAMED,
                actor=author,
                project=project,
                target_type="source",
                target=source.short_digest,
                detail={"branch": branch},
            )
    return source


def load_bundle(source: SourceBundle) -> Bundle:
    """The bundle's files, checked again on the way in.

    Raises:
        BundleError: what is stored is not a valid bundle any more.
        FileNotFoundError: the store has lost it.
    """
    with storages["sources"].open(f"{source.digest}.zip") as file:
        return read_zip(file.read())
