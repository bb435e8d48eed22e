"""Who hands a report over, and for what: by a project's token, or by the CI's own OIDC identity token.

An identity says more than who: a GitLab or GitHub identity token is signed over the project, the branch, the kind of
event and the commit, so that a merge request's job cannot pass its report off as one of the target branch.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt

from perfbot.addresses import plain_address
from perfbot.errors import UsageError
from perfbot.service.keys import PublishedKeys, fetch

ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "PS256")
"""Asymmetric ones alone: a public key must never do as a shared secret."""

LEEWAY_SECONDS = 30
SHORTEST_TOKEN = 20

KeyOf = Callable[[str, str], Any]
"""(issuer, token) → the issuer's public key for it; raises :class:`jwt.PyJWTError`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a caller may do.

    Attributes:
        project: whose reports.
        branch: the branch its job ran for; empty when it ran for a merge request. None: any, for a project's token.
        commits: commits that its report may be about; empty: any.
        merge_request: 0 when unknown, or none.
        forge: ``gitlab`` or ``github``; empty for a project's token.
        source: the branch that a merge request's job ran for, where its token does not say the number.
        trusted: it runs the default branch's code, on behalf of a merge request that it may name itself.
        protected: its branch is one that not everybody may push to; None where the token does not say.
    """

    project: str
    branch: str | None
    commits: tuple[str, ...] = ()
    merge_request: int = 0
    forge: str = ""
    source: str = ""
    trusted: bool = False
    protected: bool | None = None


class RefusedError(Exception):
    """The caller is not who may do this; says why in words that help the honest."""


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """Checks callers.

    Attributes:
        tokens: project to its token.
        issuers: addresses whose identity tokens are believed, each with its kind of forge.
        audience: what such a token must be meant for.
        projects: projects that may use identity tokens; an issuer signs for strangers too.
        key_of: finds an issuer's key.
    """

    tokens: Mapping[str, str]
    issuers: Mapping[str, str]
    audience: str
    projects: tuple[str, ...]
    key_of: KeyOf

    def __repr__(self) -> str:
        return f"Gatekeeper(projects={sorted(self.tokens)}, issuers={sorted(self.issuers)})"

    def admit(self, header: str) -> Identity:
        """The identity of an ``Authorization`` header.

        Raises:
            RefusedError: it is none that is known.
            BusyError: whether it is cannot be told right now.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedError("no bearer token was given")
        token = token.strip()
        found = [
            project for project, known in self.tokens.items() if hmac.compare_digest(known.encode(), token.encode())
        ]
        if found:
            return Identity(found[0], None)
        if token.count(".") != 2 or not self.issuers:
            raise RefusedError("the token is not known")
        return self._by_identity_token(token)

    def _by_identity_token(self, token: str) -> Identity:
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
            claims = self._claims(issuer, token)
        except jwt.PyJWTError as error:
            raise RefusedError(f"the identity token is not valid: {error}") from error
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, RecursionError) as error:
            raise RefusedError("the identity token is not valid: it cannot be read") from error
        found = of_gitlab(claims) if self.issuers[issuer] == "gitlab" else of_github(claims)
        if found.project not in self.projects:
            raise RefusedError(f"project {found.project[:200]!r} may not hand reports over here")
        return found

    def _claims(self, issuer: str, token: str) -> Mapping[str, Any]:
        """What a token says, once its signature is known to be the issuer's."""
        if issuer not in self.issuers:
            raise RefusedError("the identity token's issuer is not known here")
        return jwt.decode(
            token, self.key_of(issuer, token), algorithms=list(ALGORITHMS), audience=self.audience,
            issuer=issuer, leeway=LEEWAY_SECONDS, options={"require": ["exp", "iat", "iss", "aud"]},
        )  # fmt: skip


def of_gitlab(claims: Mapping[str, Any]) -> Identity:
    """What GitLab's identity token says of its job.

    Raises:
        RefusedError: it says too little.
    """
    project, sha = _text(claims, "project_path"), _text(claims, "sha")
    reference, source = _text(claims, "ref"), _text(claims, "pipeline_source")
    parts = str(claims.get("ref_path", "")).split("/")
    if source == "merge_request_event" or parts[:2] == ["refs", "merge-requests"]:
        number = _number(parts[2]) if parts[:2] == ["refs", "merge-requests"] and len(parts) > 2 else 0
        return Identity(project, "", (sha,), number, "gitlab", source="" if number else reference)
    if claims.get("ref_type") != "branch":
        raise RefusedError("only jobs of branches and merge requests hand reports over")
    return Identity(project, reference, (sha,), forge="gitlab", protected=_protected(claims))


def of_github(claims: Mapping[str, Any]) -> Identity:
    """What GitHub's identity token says of its job.

    Raises:
        RefusedError: it says too little.
    """
    project, sha, event = _text(claims, "repository"), _text(claims, "sha"), _text(claims, "event_name")
    reference = _text(claims, "ref")
    if event.startswith(("pull_request", "merge_group")) or reference.startswith("refs/pull/"):
        parts = reference.split("/")
        number = _number(parts[2]) if parts[:2] == ["refs", "pull"] and len(parts) > 2 else 0
        if not number:
            raise RefusedError("the identity token does not say which pull request its job ran for")
        return Identity(project, "", merge_request=number, forge="github")
    if event in ("workflow_run", "issue_comment"):  # run on the default branch, on behalf of anybody's pull request
        return Identity(project, "", forge="github", trusted=True)
    if not reference.startswith("refs/heads/"):
        raise RefusedError("only jobs of branches and pull requests hand reports over")
    branch = reference.removeprefix("refs/heads/")
    return Identity(project, branch, (sha,), forge="github", protected=_protected(claims))


def _protected(claims: Mapping[str, Any]) -> bool | None:
    """Both forges say it as a text, some versions as a truth value."""
    said = str(claims.get("ref_protected", "")).lower()
    return said == "true" if said in ("true", "false") else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("2147483648") else 0


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not found:
        raise RefusedError(f"the identity token has no {name}")
    return found


def gatekeeper(environ: Mapping[str, str], projects: tuple[str, ...]) -> Gatekeeper:
    """From the service's environment.

    ``PERFBOT_INGEST_TOKENS``: ``group/name=TOKEN``, between white space. ``PERFBOT_OIDC``: issuers, each as
    ``gitlab=https://gitlab.example.com`` or ``github=https://token.actions.githubusercontent.com``;
    ``PERFBOT_AUDIENCE``: what their tokens must be meant for, usually the address of this service.

    Raises:
        UsageError: a token too short to protect anything, or issuers without audience or projects.
    """
    tokens = dict(_pairs(environ.get("PERFBOT_INGEST_TOKENS", ""), "PERFBOT_INGEST_TOKENS", "group/name=TOKEN"))
    short = [project for project, token in tokens.items() if len(token) < SHORTEST_TOKEN]
    if short:
        raise UsageError(
            f"PERFBOT_INGEST_TOKENS: the token of {short[0]!r} is shorter than {SHORTEST_TOKEN} characters."
        )
    if len(set(tokens.values())) < len(tokens):
        raise UsageError("PERFBOT_INGEST_TOKENS: two projects have one token; each needs its own.")
    issuers = {address: kind for kind, address in _pairs(environ.get("PERFBOT_OIDC", ""), "PERFBOT_OIDC", "gitlab=URL")}
    for address in issuers:
        plain_address(address, "PERFBOT_OIDC")
        if not address.startswith("https://") and urlsplit(address).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise UsageError(
                f"PERFBOT_OIDC: {address} does not begin with https://: anybody on the way could say what its keys are."
            )
    if not set(issuers.values()) <= {"gitlab", "github"}:
        raise UsageError("PERFBOT_OIDC: expected gitlab=URL or github=URL.")
    audience = environ.get("PERFBOT_AUDIENCE", "")
    if issuers and not audience:
        raise UsageError("PERFBOT_OIDC needs PERFBOT_AUDIENCE: what identity tokens must be meant for.")
    if issuers and not projects:
        raise UsageError(
            "PERFBOT_OIDC needs --project: an issuer signs tokens for every project it knows.",
            hint="perfbot serve --project group/name",
        )
    return Gatekeeper(tokens, issuers, audience, projects, PublishedKeys(fetch))


def _pairs(text: str, name: str, form: str) -> list[tuple[str, str]]:
    found = []
    for word in text.split():
        left, sign, right = word.partition("=")
        if not (left and sign and right):
            raise UsageError(f"{name}: expected {form} between white space.")
        found.append((left, right))
    return found
