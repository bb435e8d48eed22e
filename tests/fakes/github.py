"""A stateful fake of the part of GitHub that perfbot uses, over real HTTP, for tests with Python alone.

Behaviour from GitHub's documentation and published API description: comments oldest first with Link headers, bodies
of at most 65,536 characters, check runs only for apps and workflow tokens, one reaction of a kind a user, dispatches
that need ``workflow_dispatch``. An App signs in by a JWT of its key (RS256, at most ten minutes) for a token of its
installation; every check belongs to the App that made it, and only that one may change it.
"""

from __future__ import annotations

import base64
import functools
import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.contract import FOLDER, Contract, shared
from tests.fakes.server import Answer, FakeServer, Request

BOT = "github-actions[bot]"
APP, APP_SLUG, INSTALLATION = "4711", "perfbot-of-octo", 99


@functools.cache
def app_key() -> rsa.RSAPrivateKey:
    """The App's key; making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def app_pem() -> str:
    """The App's key as GitHub hands it out."""
    return app_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()  # fmt: skip


def contracts() -> list[Contract]:
    found = [shared(FOLDER / "github.json")]
    if folder := os.environ.get("PERFBOT_SPECS"):
        found.append(shared(Path(folder) / "github-api.json", official=True))
    return found


class FakeGitHub(FakeServer):
    """One repository, ``octo/app``; the token is a workflow's own."""

    project = "octo/app"
    token = "workflow-token"

    def __init__(self) -> None:
        super().__init__(contracts())
        self.ids = itertools.count(1000)
        self.clock = itertools.count()
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.given: dict[int, list[dict[str, Any]]] = {}
        self.permissions = {"ada": "write", "mallory": "read", BOT: "write"}
        self.files: dict[tuple[str, str], str] = {}
        self.changed: dict[int, list[str]] = {}
        self.checks: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.runs: list[dict[str, Any]] = []
        self.dispatched: list[dict[str, Any]] = []
        self.personal = False
        self.installed = True
        self.token_seconds = 3600
        self.granted = {"administration": "write", "checks": "write", "contents": "write", "actions": "write",
                        "pull_requests": "write", "metadata": "read"}  # fmt: skip
        self.asked: dict[str, str] = {}
        self.installation_tokens: dict[str, datetime] = {}
        self.bot = BOT
        self.dispatchable = True
        self.locked = False
        self.blind = False
        self.parents: dict[str, tuple[str, ...]] = {}
        self.tells_runs = True
        self._routes()

    def _routes(self) -> None:
        repo = "/repos/octo/app"
        for method, pattern, handler in (
            ("GET", "/user", self.user),
            ("GET", "/app", self.app),
            ("GET", f"{repo}/installation", self.installation),
            ("POST", "/app/installations/(?P<number>[0-9]+)/access_tokens", self.installation_token),
            ("GET", repo, lambda r: Answer(200, {"default_branch": "main"})),
            ("GET", f"{repo}/issues/(?P<number>[0-9]+)/comments", self.list_comments),
            ("POST", f"{repo}/issues/(?P<number>[0-9]+)/comments", self.create_comment),
            ("GET", f"{repo}/issues/comments/(?P<comment>[0-9]+)", self.get_comment),
            ("PATCH", f"{repo}/issues/comments/(?P<comment>[0-9]+)", self.edit_comment),
            ("DELETE", f"{repo}/issues/comments/(?P<comment>[0-9]+)", self.delete_comment),
            ("GET", f"{repo}/issues/comments/(?P<comment>[0-9]+)/reactions", self.list_reactions),
            ("POST", f"{repo}/issues/comments/(?P<comment>[0-9]+)/reactions", self.react),
            ("GET", f"{repo}/pulls", self.list_pulls),
            ("GET", f"{repo}/pulls/(?P<number>[0-9]+)", self.pull),
            ("GET", f"{repo}/pulls/(?P<number>[0-9]+)/files", self.list_files),
            ("GET", f"{repo}/contents/(?P<path>.*)", self.file),
            ("GET", f"{repo}/collaborators/(?P<login>[^/]+)/permission", self.permission),
            ("POST", f"{repo}/check-runs", self.create_check),
            ("PATCH", f"{repo}/check-runs/(?P<check>[0-9]+)", self.edit_check),
            ("GET", f"{repo}/commits/(?P<sha>[0-9a-f]+)/check-runs", self.list_checks),
            ("GET", f"{repo}/git/commits/(?P<sha>[0-9a-f]+)", self.git_commit),
            ("POST", f"{repo}/statuses/(?P<sha>[0-9a-f]+)", self.set_status),
            ("GET", f"{repo}/commits/(?P<sha>[0-9a-f]+)/statuses", self.list_statuses),
            ("GET", f"{repo}/actions/workflows/(?P<workflow>[^/]+)/runs", self.list_runs),
            ("POST", f"{repo}/actions/workflows/(?P<workflow>[^/]+)/dispatches", self.dispatch_workflow),
            ("GET", f"{repo}/actions/runs/(?P<run>[0-9]+)", self.run),
            ("GET", f"{repo}/actions/runs/(?P<run>[0-9]+)/attempts/(?P<attempt>[0-9]+)", self.attempt),
            ("GET", f"{repo}/actions/runs/(?P<run>[0-9]+)/attempts/(?P<attempt>[0-9]+)/jobs", self.list_run_jobs),
            ("POST", f"{repo}/actions/runs/(?P<run>[0-9]+)/rerun", self.rerun),
            ("POST", f"{repo}/actions/runs/(?P<run>[0-9]+)/rerun-failed-jobs", self.rerun),
        ):
            self.route(method, pattern, handler)

    def dispatch(self, request: Request) -> Answer:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        as_app = request.path.startswith("/app") or request.path.endswith("/installation")
        if as_app and not _signed_by_app(secret):
            return Answer(401, {"message": "A JSON web token could not be decoded"})
        if not as_app and not (kind in ("token", "Bearer") and self._opens(secret)):
            return Answer(401, {"message": "Bad credentials"})
        return super().dispatch(request)

    def _opens(self, secret: str) -> bool:
        """Who acts from now on is told by the token."""
        end = self.installation_tokens.get(secret)
        self.bot = BOT if end is None else f"{APP_SLUG}[bot]"
        return secret == self.token if end is None else end > datetime.now(UTC)

    # What tests set up and look at

    def add_merge_request(self, number: int = 1, head: str = "a" * 40, **changes: Any) -> None:
        repo = {"full_name": self.project}
        self.pulls[number] = {
            "number": number, "state": "open", "draft": False, "labels": [], "merge_commit_sha": None,
            "body": None, "merged_at": None,
            "head": {"sha": head, "ref": f"topic-{number}", "label": f"octo:topic-{number}", "repo": repo},
            "base": {"ref": "main", "repo": repo}, "updated_at": self.now(), **changes,
        }  # fmt: skip
        self.comments.setdefault(number, [])

    def say(self, body: str, author: str = "ada", number: int = 1) -> dict[str, Any]:
        moment = self.now()
        made = {"id": next(self.ids), "body": body, "user": {"login": author},
                "created_at": moment, "updated_at": moment}  # fmt: skip
        self.comments[number].append(made)
        self.made[made["id"]] = self.time()
        return made

    def by_bot(self, number: int = 1) -> list[dict[str, Any]]:
        return [c for c in self.comments[number] if c["user"]["login"] in (BOT, f"{APP_SLUG}[bot]")]

    def add_run(self, sha: str, status: str = "completed", **changes: Any) -> int:
        number, moment = next(self.ids), self.now()
        self.runs.append(
            {"id": number, "status": status, "run_attempt": 1, "head_sha": sha, "event": "pull_request",
             "created_at": moment, "attempts": [moment], "display_title": "", **changes}
        )  # fmt: skip
        return number

    def now(self) -> str:
        moment = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=next(self.clock))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    # Endpoints

    def user(self, request: Request) -> Answer:
        if self.personal:
            return Answer(200, {"login": BOT})
        return Answer(403, {"message": "Resource not accessible by integration"})

    def app(self, request: Request) -> Answer:
        return Answer(200, {"id": int(APP), "slug": APP_SLUG, "name": "Perfbot of Octo"})

    def installation(self, request: Request) -> Answer:
        if not self.installed:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"id": INSTALLATION, "permissions": self.granted})

    def installation_token(self, request: Request, number: str) -> Answer:
        if int(number) != INSTALLATION:
            return Answer(404, {"message": "Not Found"})
        asked = request.data["permissions"]
        if not asked or any(self.granted.get(name) not in (level, "write") for name, level in asked.items()):
            return Answer(422, {"message": "The permissions requested are not granted to this installation."})
        self.asked = asked
        token, end = f"ghs_{next(self.ids)}", datetime.now(UTC) + timedelta(seconds=self.token_seconds)
        self.installation_tokens[token] = end
        return Answer(201, {"token": token, "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def list_comments(self, request: Request, number: str) -> Answer:
        return self.page(request, self.listed(self.comments[int(number)]), 30)

    def create_comment(self, request: Request, number: str) -> Answer:
        if self.locked:
            return Answer(403, {"message": "Unable to create comment because issue is locked."})
        if len(request.data["body"]) > 65_536:
            return Answer(422, {"message": "Validation Failed"})
        return Answer(201, self.say(request.data["body"], self.bot, int(number)))

    def _comment(self, comment: str) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
        for listed in self.comments.values():
            for found in listed:
                if found["id"] == int(comment):
                    return listed, found
        return None

    def get_comment(self, request: Request, comment: str) -> Answer:
        found = self._comment(comment)
        return Answer(200, found[1]) if found else Answer(404, {"message": "Not Found"})

    def edit_comment(self, request: Request, comment: str) -> Answer:
        found = self._comment(comment)
        if found is None:
            return Answer(404, {"message": "Not Found"})
        if len(request.data["body"]) > 65_536:
            return Answer(422, {"message": "Validation Failed"})
        found[1].update(body=request.data["body"], updated_at=self.now())
        return Answer(200, found[1])

    def delete_comment(self, request: Request, comment: str) -> Answer:
        found = self._comment(comment)
        if found is None:
            return Answer(404, {"message": "Not Found"})
        found[0].remove(found[1])
        return Answer(204)

    def list_reactions(self, request: Request, comment: str) -> Answer:
        return self.page(request, self.given.get(int(comment), []), 30)

    def react(self, request: Request, comment: str) -> Answer:
        given = self.given.setdefault(int(comment), [])
        reaction = {"id": 1, "content": request.data["content"], "user": {"login": self.bot}}
        if reaction in given:
            return Answer(200, reaction)
        given.append(reaction)
        return Answer(201, reaction)

    def list_pulls(self, request: Request) -> Answer:
        label = request.query.get("head")
        found = [p for p in self.pulls.values() if p["state"] == "open" and label in (None, p["head"]["label"])]
        return self.page(request, sorted(found, key=lambda p: p["updated_at"], reverse=True), 30)

    def pull(self, request: Request, number: str) -> Answer:
        found = self.pulls.get(int(number))
        return Answer(200, found) if found else Answer(404, {"message": "Not Found"})

    def list_files(self, request: Request, number: str) -> Answer:
        return self.page(request, [{"filename": p} for p in self.changed.get(int(number), [])], 30)

    def at(self, ref: str, path: str) -> str | None:
        """A bare name may be a tag's, which goes before a branch's."""
        if ref.startswith("refs/heads/"):
            return self.files.get((ref.removeprefix("refs/heads/"), path))
        return self.files.get((f"refs/tags/{ref}", path), self.files.get((ref, path)))

    def file(self, request: Request, path: str) -> Answer:
        if self.blind:
            return Answer(404, {"message": "Not Found"})
        if not path:
            return Answer(200, [{"type": "file", "path": "README.md", "name": "README.md", "encoding": "none"}])
        text = self.at(request.query.get("ref", "main"), path)
        if text is None:
            return Answer(404, {"message": "Not Found"})
        content = base64.encodebytes(text.encode()).decode()
        large = len(text) > 1_000_000
        told = {"encoding": "none", "content": ""} if large else {"encoding": "base64", "content": content}
        return Answer(200, {"type": "file", "path": path, **told})

    def permission(self, request: Request, login: str) -> Answer:
        if login not in self.permissions:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"permission": self.permissions[login], "user": {"login": login}})

    def create_check(self, request: Request) -> Answer:
        if self.personal:
            return Answer(403, {"message": "You must authenticate via a GitHub App."})
        made = {"id": next(self.ids), "conclusion": None, "annotations": [], "status": "queued", "external_id": None,
                "output": {"title": None, "summary": None},
                "app": {"slug": self.bot.removesuffix("[bot]")}}  # fmt: skip
        self.checks.append(made)
        return Answer(201, self._written(made, request.data))

    def edit_check(self, request: Request, check: str) -> Answer:
        found = next(c for c in self.checks if c["id"] == int(check))
        if f"{found['app']['slug']}[bot]" != self.bot:
            return Answer(403, {"message": "Invalid app_id: this check run belongs to another App"})
        return Answer(200, self._written(found, request.data))

    def _written(self, check: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        check["annotations"] += (data.get("output") or {}).get("annotations", [])
        check.update(data)
        return {name: value for name, value in check.items() if name != "annotations"}

    def list_checks(self, request: Request, sha: str) -> Answer:
        name = request.query.get("check_name")
        found = [c for c in self.checks if c["head_sha"] == sha and name in (None, c["name"])]
        answer = self.page(request, found, 30)
        return Answer(200, {"total_count": len(found), "check_runs": answer.data}, answer.headers)

    def git_commit(self, request: Request, sha: str) -> Answer:
        if sha not in self.parents:
            return Answer(404, {"message": "Not Found"})
        return Answer(200, {"sha": sha, "parents": [{"sha": parent} for parent in self.parents[sha]]})

    def set_status(self, request: Request, sha: str) -> Answer:
        self.statuses.append({"id": next(self.ids), "sha": sha, "creator": {"login": self.bot}, **request.data})
        return Answer(201, self.statuses[-1])

    def list_statuses(self, request: Request, sha: str) -> Answer:
        return self.page(request, [s for s in reversed(self.statuses) if s["sha"] == sha], 30)

    def list_runs(self, request: Request, workflow: str) -> Answer:
        wanted = {k: v for k, v in request.query.items() if k in ("head_sha", "event", "status")}
        found = [r for r in self.runs if wanted.items() <= r.items()]
        answer = self.page(request, found, 30)
        return Answer(200, {"total_count": len(found), "workflow_runs": answer.data}, answer.headers)

    def dispatch_workflow(self, request: Request, workflow: str) -> Answer:
        if not self.dispatchable:
            return Answer(422, {"message": "Workflow does not have 'workflow_dispatch' trigger"})
        self.dispatched.append(request.data)
        title = f"perfbot {request.data['inputs'].get('head', '')}"
        self.add_run("d" * 40, "queued", event="workflow_dispatch", display_title=title,
                     created_at="2999-01-01T00:00:00Z")  # fmt: skip
        return Answer(204)

    def run(self, request: Request, run: str) -> Answer:
        return Answer(200, next(r for r in self.runs if r["id"] == int(run)))

    def attempt(self, request: Request, run: str, attempt: str) -> Answer:
        found = next((r for r in self.runs if r["id"] == int(run)), None)
        if found is None or not self.tells_runs:
            return Answer(404, {"message": "Not Found"})
        began = found["attempts"][int(attempt) - 1] if int(attempt) <= len(found["attempts"]) else self.now()
        return Answer(200, {**found, "run_attempt": int(attempt), "run_started_at": began})

    def list_run_jobs(self, request: Request, run: str, attempt: str) -> Answer:
        found = next((r for r in self.runs if r["id"] == int(run)), None)
        if found is None or not self.tells_runs:
            return Answer(404, {"message": "Not Found"})
        answer = self.page(request, found.get("jobs", []), 30)
        return Answer(200, {"total_count": len(found.get("jobs", [])), "jobs": answer.data}, answer.headers)

    def rerun(self, request: Request, run: str) -> Answer:
        found = next(r for r in self.runs if r["id"] == int(run))
        found["run_attempt"] += 1
        found["attempts"].append(self.now())
        found["status"] = "queued"
        return Answer(201, {})


def _signed_by_app(secret: str) -> bool:
    """As GitHub checks it: the App's signature, its id, and a life of at most ten minutes."""
    try:
        found = jwt.decode(
            secret, app_key().public_key(), algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]}
        )
    except jwt.InvalidTokenError:
        return False
    return found["iss"] == APP and found["exp"] - found["iat"] <= 600
