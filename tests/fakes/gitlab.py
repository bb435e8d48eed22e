"""A stateful fake of the part of GitLab that perfbot uses, over real HTTP.

No GitLab server can be had in a test, and nobody publishes an emulator, so its behaviour is written down here from
the server's published source and documentation: notes newest first, pages that may be short although more follow,
lines beginning with ``/`` executed and removed, the commit status state machine, jobs that are played once and
retried afterwards. It is only as right as this reading.
"""

from __future__ import annotations

import base64
import itertools
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.fakes.contract import FOLDER, Contract, shared
from tests.fakes.server import Answer, FakeServer, Request

WRONG_TYPES = ("access_level",)
"""The official description calls these strings; the server sends numbers."""

WRONG_LISTS = r"GET .*/merge_requests/\d+/pipelines$"
"""Described as one pipeline without pages; the server sends a list of them."""

BOT, AUTHOR, STRANGER, ADMIN = 7, 11, 12, 1
FINISHED = ("success", "failed", "canceled", "skipped")


def contracts() -> list[Contract]:
    found = [shared(FOLDER / "gitlab.json", prefix="/api/v4")]
    if folder := os.environ.get("PERFBOT_SPECS"):
        found.append(shared(Path(folder) / "gitlab-api.json", official=True, ignore=WRONG_TYPES, skip=WRONG_LISTS))
    return found


class FakeGitLab(FakeServer):
    """One project, ``group/app``; token ``bot-token`` belongs to user 7, a project bot."""

    project = "group/app"
    token = "bot-token"

    def __init__(self) -> None:
        super().__init__(contracts())
        self.prefix = "/api/v4"
        self.ids = itertools.count(1000)
        self.clock = itertools.count()
        self.users = {BOT: "perfbot", AUTHOR: "ada", STRANGER: "mallory", ADMIN: "root"}
        self.levels = {BOT: 30, AUTHOR: 30, ADMIN: 50}
        self.requests: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.emojis: dict[int, list[dict[str, Any]]] = {}
        self.files: dict[tuple[str, str], str] = {}
        self.diffs: dict[int, list[str]] = {}
        self.counted: dict[int, str | None] = {}
        self.statuses: list[dict[str, Any]] = []
        self.pipelines: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []
        self.executed: list[str] = []
        self.short_pages = 0
        self.retry_takes_inputs = True
        self.locked = False
        self._routes()

    def _routes(self) -> None:
        project = "/projects/(?P<project>[^/]+)"
        request = f"{project}/merge_requests/(?P<iid>[0-9]+)"
        note = f"{request}/notes/(?P<note>[0-9]+)"
        job = f"{project}/jobs/(?P<job>[0-9]+)"
        for method, pattern, handler in (
            ("GET", "/user", self.user),
            ("GET", project, lambda r, project: Answer(200, {"id": 1, "default_branch": "main"})),
            ("GET", f"{request}/notes", self.list_notes),
            ("POST", f"{request}/notes", self.create_note),
            ("GET", note, self.get_note),
            ("PUT", note, self.edit_note),
            ("DELETE", note, self.delete_note),
            ("GET", f"{note}/award_emoji", self.list_emojis),
            ("POST", f"{note}/award_emoji", self.award),
            ("GET", request, self.merge_request),
            ("GET", f"{project}/merge_requests", self.merge_requests),
            ("GET", f"{request}/diffs", self.list_diffs),
            ("GET", f"{request}/pipelines", self.list_pipelines),
            ("POST", f"{request}/pipelines", self.create_pipeline),
            ("GET", f"{project}/pipelines/(?P<pipeline>[0-9]+)/jobs", self.list_jobs),
            ("POST", f"{job}/play", self.play),
            ("POST", f"{job}/retry", self.retry),
            ("GET", f"{project}/repository/files/(?P<path>[^/]+)", self.file),
            ("GET", f"{project}/members/all/(?P<user>[0-9]+)", self.member),
            ("POST", f"{project}/statuses/(?P<sha>[0-9a-f]+)", self.set_status),
            ("GET", f"{project}/repository/commits/(?P<sha>[0-9a-f]+)/statuses", self.list_statuses),
        ):
            self.route(method, pattern, handler)

    def dispatch(self, request: Request) -> Answer:
        if request.headers.get("private-token") != self.token:
            return Answer(401, {"message": "401 Unauthorized"})
        project = request.path.removeprefix("/api/v4/projects/").partition("/")[0]
        if "/projects/" in request.path and project not in (quote(self.project, safe=""), "1"):
            return Answer(404, {"message": "404 Project Not Found"})
        return super().dispatch(request)

    # What tests set up and look at

    def add_merge_request(self, iid: int = 1, head: str = "a" * 40, **changes: Any) -> None:
        self.requests[iid] = {
            "id": 5000 + iid, "iid": iid, "sha": head, "target_branch": "main", "source_branch": f"topic-{iid}",
            "source_project_id": 1, "target_project_id": 1, "draft": False, "state": "opened", "labels": [],
            "updated_at": self.now(), **changes,
        }  # fmt: skip
        self.notes.setdefault(iid, [])

    def say(self, body: str, author: int = AUTHOR, iid: int = 1, **changes: Any) -> dict[str, Any]:
        moment = self.now()
        note = {
            "id": next(self.ids), "body": body, "author": self.person(author), "system": False,
            "created_at": moment, "updated_at": moment, "noteable_type": "MergeRequest", "resolvable": False,
            **changes,
        }  # fmt: skip
        self.notes[iid].append(note)
        self.made[note["id"]] = self.time()
        self.requests[iid]["updated_at"] = moment
        return note

    def by_bot(self, iid: int = 1) -> list[dict[str, Any]]:
        return [n for n in self.notes[iid] if n["author"]["id"] == BOT]

    def add_pipeline(self, sha: str, ref: str = "refs/merge-requests/1/head") -> int:
        number = next(self.ids)
        self.pipelines.append(
            {"id": number, "iid": number, "project_id": 1, "sha": sha, "ref": ref, "status": "running",
             "source": "merge_request_event"}
        )  # fmt: skip
        return number

    def add_job(self, pipeline: int, name: str, status: str, started: str | None = None) -> int:
        number = next(self.ids)
        self.jobs.append({"id": number, "name": name, "status": status, "pipeline": {"id": pipeline},
                          "created_at": self.now(), "started_at": started,
                          "stage": "test", "variables": [], "retried": False})  # fmt: skip
        return number

    def person(self, user: int) -> dict[str, Any]:
        name = self.users[user]
        return {"id": user, "username": name, "name": name.title(), "state": "active", "locked": False}

    def now(self) -> str:
        moment = datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=next(self.clock))
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    # Endpoints

    def user(self, request: Request) -> Answer:
        return Answer(200, self.person(BOT))

    def list_notes(self, request: Request, project: str, iid: str) -> Answer:
        newest_first = sorted(self.listed(self.notes[int(iid)]), key=lambda n: -n["id"])
        return self.page(request, newest_first, 20, self.short_pages)

    def create_note(self, request: Request, project: str, iid: str) -> Answer:
        if self.locked:
            return Answer(403, {"message": "403 Forbidden"})
        body = self._execute(request.data["body"])
        if len(body.encode()) > 1_048_576:
            return Answer(400, {"message": {"note": ["is too long (maximum is 1048576 bytes)"]}})
        return Answer(201, self.say(body, BOT, int(iid)))

    def _execute(self, body: str) -> str:
        lines = body.splitlines()
        self.executed += [line for line in lines if line.startswith("/")]
        return "\n".join(line for line in lines if not line.startswith("/"))

    def _note(self, iid: str, note: str) -> dict[str, Any] | None:
        return next((n for n in self.notes[int(iid)] if n["id"] == int(note)), None)

    def get_note(self, request: Request, project: str, iid: str, note: str) -> Answer:
        found = self._note(iid, note)
        return Answer(200, found) if found else Answer(404, {"message": "404 Note Not Found"})

    def edit_note(self, request: Request, project: str, iid: str, note: str) -> Answer:
        found = self._note(iid, note)
        if found is None:
            return Answer(404, {"message": "404 Note Not Found"})
        if found["author"]["id"] != BOT:
            return Answer(403, {"message": "403 Forbidden"})
        found["body"] = self._execute(request.data["body"])
        found["updated_at"] = self.now()
        return Answer(200, found)

    def delete_note(self, request: Request, project: str, iid: str, note: str) -> Answer:
        found = self._note(iid, note)
        if found is None:
            return Answer(404, {"message": "404 Note Not Found"})
        self.notes[int(iid)].remove(found)
        return Answer(204)

    def list_emojis(self, request: Request, project: str, iid: str, note: str) -> Answer:
        return self.page(request, self.emojis.get(int(note), []), 20)

    def award(self, request: Request, project: str, iid: str, note: str) -> Answer:
        given = self.emojis.setdefault(int(note), [])
        name = request.data["name"]
        if any(e["name"] == name and e["user"]["id"] == BOT for e in given):
            return Answer(404, {"message": "404 Award Emoji Name has already been taken Not Found"})
        given.append({"id": next(self.ids), "name": name, "user": self.person(BOT), "awardable_id": int(note),
                      "awardable_type": "Note"})  # fmt: skip
        return Answer(201, given[-1])

    def merge_request(self, request: Request, project: str, iid: str) -> Answer:
        found = self.requests.get(int(iid))
        if not found:
            return Answer(404, {"message": "404 Not found"})
        count = self.counted.get(int(iid), str(len(self.diffs.get(int(iid), []))))
        return Answer(200, {**found, "changes_count": count})

    def merge_requests(self, request: Request, project: str) -> Answer:
        since, branch = request.query.get("updated_after", ""), request.query.get("source_branch")
        found = [
            r for r in self.requests.values()
            if r["state"] == "opened" and r["updated_at"] >= since and branch in (None, r["source_branch"])
        ]  # fmt: skip
        return self.page(request, found, 20)

    def list_diffs(self, request: Request, project: str, iid: str) -> Answer:
        paths = self.diffs.get(int(iid), [])
        return self.page(request, [{"old_path": p, "new_path": p, "diff": ""} for p in paths], 20)

    def list_pipelines(self, request: Request, project: str, iid: str) -> Answer:
        return self.page(request, list(reversed(self.pipelines)), 20)

    def create_pipeline(self, request: Request, project: str, iid: str) -> Answer:
        number = self.add_pipeline(self.requests[int(iid)]["sha"])
        return Answer(201, next(p for p in self.pipelines if p["id"] == number))

    def list_jobs(self, request: Request, project: str, pipeline: str) -> Answer:
        found = [j for j in self.jobs if j["pipeline"]["id"] == int(pipeline) and not j["retried"]]
        return self.page(request, [_public(j) for j in found], 20)

    def play(self, request: Request, project: str, job: str) -> Answer:
        found = next((j for j in self.jobs if j["id"] == int(job)), None)
        if found is None or found["status"] != "manual":
            return Answer(400, {"message": "400 Bad request - Unplayable Job"})
        found["status"] = "pending"
        found["variables"] = request.data.get("job_variables_attributes", [])
        return Answer(201, _public(found))

    def retry(self, request: Request, project: str, job: str) -> Answer:
        found = next((j for j in self.jobs if j["id"] == int(job)), None)
        if found is None or found["retried"] or found["status"] not in FINISHED:
            return Answer(403, {"message": "403 Forbidden - Job is not retryable"})
        if "inputs" in (request.data or {}) and not self.retry_takes_inputs:
            return Answer(400, {"error": "inputs is invalid"})
        found["retried"] = True
        number = self.add_job(found["pipeline"]["id"], found["name"], "pending")
        made = next(j for j in self.jobs if j["id"] == number)
        made["inputs"] = (request.data or {}).get("inputs", {})
        return Answer(201, _public(made))

    def at(self, ref: str, path: str) -> str | None:
        """A bare name may be a tag's, which goes before a branch's."""
        if ref.startswith("refs/heads/"):
            return self.files.get((ref.removeprefix("refs/heads/"), path))
        return self.files.get((f"refs/tags/{ref}", path), self.files.get((ref, path)))

    def file(self, request: Request, project: str, path: str) -> Answer:
        text = self.at(request.query.get("ref", "main"), path)
        if text is None:
            return Answer(404, {"message": "404 File Not Found"})
        return Answer(
            200, {"file_path": path, "encoding": "base64", "content": base64.b64encode(text.encode()).decode()}
        )

    def member(self, request: Request, project: str, user: str) -> Answer:
        level = self.levels.get(int(user))
        if level is None:
            return Answer(404, {"message": "404 Not found"})
        return Answer(200, {**self.person(int(user)), "access_level": level})

    def set_status(self, request: Request, project: str, sha: str) -> Answer:
        data = request.data
        known = [p["id"] for p in self.pipelines if p["sha"] == sha]
        pipeline = data.get("pipeline_id") or max(known, default=0) or self.add_pipeline(sha, "external")
        key = {"sha": sha, "name": data["name"], "pipeline_id": pipeline}
        open_ = [s for s in self.statuses if key.items() <= s.items() and s["status"] in ("pending", "running")]
        if open_ and open_[-1]["status"] == data["state"] == "running":
            text = 'Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")'
            return Answer(400, {"message": text})
        row = open_[-1] if open_ else {"id": next(self.ids), **key, "author": self.person(BOT)}
        row |= {"status": data["state"], "description": data.get("description"), "target_url": data.get("target_url")}
        if not open_:
            self.statuses.append(row)
        return Answer(201, row)

    def list_statuses(self, request: Request, project: str, sha: str) -> Answer:
        name = request.query.get("name")
        return self.page(request, [s for s in self.statuses if s["sha"] == sha and name in (None, s["name"])], 20)


def _public(job: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in ("id", "name", "status", "stage", "pipeline", "created_at", "started_at")}
