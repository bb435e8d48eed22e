"""Acting on the commands in a comment: who may, what happens, how it is answered.

Answers are reactions (seen, then done or refused) and at most one short reply. Acting twice on one comment does
nothing the second time, so a command may be handed in again after a crash: the reaction says that it was done.
Refusals show nothing of what a stranger wrote.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from perfbot.errors import PublishError
from perfbot.forge.base import Again, Comments, Forge, MergeRequest, Note, RefusedError, Repository, Status
from perfbot.forge.body import MAX_ASKED, Body, Failing, all_stale
from perfbot.forge.upsert import Upsert
from perfbot.model import Acceptance
from perfbot.model.aside import BASE, ENV
from perfbot.model.statement import BENCH
from perfbot.publish import commands
from perfbot.publish.commands import Accept, Bench, Bisect, Command, Help, Misspelt, Rebench, Why
from perfbot.publish.publisher import KEY, read_body
from perfbot.publish.shared_commit import of_request
from perfbot.publish.verify import read_rules
from perfbot.render.escape import prose

NO_RIGHT = "refused: no write access"
BISECT, WHY = "--bisect", "--why"
"""Among globs, none of which begins so: the commit that did it is to be found, or the function. As
:mod:`perfbot.cli.asked` reads it."""

HOUR = timedelta(hours=1)


class NotDone(Exception):
    """A command that is not carried out; the text says why in perfbot's own words."""


@dataclass(frozen=True, slots=True)
class CommandHandler:
    """Where commands of one merge request are dealt with.

    Attributes:
        resumed: the same comment may have been acted on before, by a process that did not live to say so.
        per_hour: how many re-runs may be asked for in an hour; 0 for what the target branch says.
        quiet: strangers were told already that they may not.
        upsert: options for writing the comment.
    """

    forge: Forge
    number: int
    now: datetime
    resumed: bool = False
    per_hour: int = 0
    quiet: bool = False
    key: str = KEY
    upsert: dict[str, object] = field(default_factory=dict)

    @property
    def comments(self) -> Comments:
        """The conversation."""
        return self.forge.comments(self.number)

    def act(self, note: Note) -> str:
        """Carry out the commands of a comment that was just created; what was done, for the log.

        Raises:
            PublishError: the forge stays down; hand the comment in again later, ``resumed``.
        """
        found = commands.parse(note.body)
        if not found or note.mine or note.edited:
            return "no command"
        comments = self.comments
        if not self.forge.repository.may_write(note.author_key):
            return self._refuse_stranger(note)
        if not self._stands(note, found):
            return "no command any more"
        if comments.reactions(note) & {"done", "refused"}:
            return "answered before"
        if note.internal:
            comments.react(note, "refused")
            return "refused: an internal note, and answers are public"
        comments.react(note, "seen")
        answers = [self._one(note, command, place) for place, command in enumerate(found)]
        with _whatever_the_forge_says():
            comments.react(note, "refused" if any(refused for refused, _ in answers) else "done")
        return "; ".join(said for _, said in answers)

    def _stands(self, note: Note, found: Sequence[Command]) -> bool:
        """Whether the forge still has the comment, of that author and with these commands; perfbot's own are none.

        An event is as old as its delivery, and says nothing of whom perfbot acts as.
        """
        now = self.comments.get(note.id)
        same = now is not None and not now.mine and now.author_key == note.author_key
        return same and now is not None and commands.parse(now.body) == tuple(found)

    def _refuse_stranger(self, note: Note) -> str:
        """With a reaction each, and one reply to all of them: whoever writes much causes little."""
        self.comments.react(note, "refused")
        if not self.quiet:
            self._reply("strangers", "Only people with write access to this project can give perfbot commands.")
        return NO_RIGHT

    def press(self, note: Note, head: str) -> bool:
        """The "Re-run" of a check was pressed: as ``/rebench``, but with nothing to answer in.

        Args:
            head: the commit whose check it was; an older one is not measured again.

        Returns:
            Whether a run was started, now or by an earlier try.
        """
        may = self.forge.repository.may_write(note.author_key)
        if not may or self.forge.repository.merge_request(self.number).head != head:
            return False
        try:
            self._rebench(Rebench())
        except (NotDone, RefusedError):
            return False
        return True

    def _one(self, note: Note, command: Command, place: int) -> tuple[bool, str]:
        """Whether it was refused, and what was done, for the log."""
        try:
            said, reply = self._carry_out(note, command)
        except (NotDone, RefusedError) as error:
            why = prose(error.message) if isinstance(error, RefusedError) else str(error)
            self._reply(f"{note.id}.{place}", why)
            return True, f"refused: {why}"
        with _whatever_the_forge_says():
            if reply:
                self._reply(f"{note.id}.{place}", reply)
        return False, said

    def _carry_out(self, note: Note, command: Command) -> tuple[str, str]:
        match command:
            case Help():
                return "helped", commands.USAGE
            case Misspelt(why):
                raise NotDone(f"{why} `/perfbot help` shows what there is.")
            case Rebench():
                return self._rebench(command)
            case Bisect():
                return self._rebench(Rebench(command.globs, command.budget), BISECT)
            case Why():
                return self._rebench(Rebench(command.globs, command.budget), WHY)
            case Bench():
                return self._bench(command)
            case Accept():
                return self._accept(note, command)

    # Measuring again

    def _rebench(self, command: Rebench, *beside: str) -> tuple[str, str]:
        request = self._open_request()
        self._check_settings(command, request)
        if command.globs and not command.aside:
            failing = self._still_failing(request, command.globs)
            command = replace(command, globs=(*command.globs, *failing))
        command = replace(command, globs=(*beside, *command.globs))
        return self._again(request, Again(request.head, _lines(command), command.budget), aside=command.aside)

    def _bench(self, command: Bench) -> tuple[str, str]:
        """Whether statements of comments are run at all is for the target branch to say; run is it elsewhere."""
        request = self._open_request()
        if not read_rules(self.forge.repository, request).target.publish.command_bench:
            raise NotDone("The target branch does not allow it: `[publish] command_bench` does.")
        if request.fork and self.forge.kind == "github":
            raise NotDone("The run of a fork takes no options, so it cannot be told a statement.")
        asked = (f"{BENCH}{command.statement.packed}",)
        return self._again(request, Again(request.head, asked, command.budget), aside=command.statement.words)

    def _again(self, request: MergeRequest, again: Again, *, aside: str) -> tuple[str, str]:
        """Start a run, unless one is under way or there were too many."""
        if self.resumed and self.forge.runs.resume(request, again):
            return "started before", ""
        if self.forge.runs.in_flight(request):
            self.forge.runs.resume(request, again)
            if self.resumed:
                return "started before", ""
            raise NotDone("A measurement of this head is under way already.")
        per_hour = self.per_hour or read_rules(self.forge.repository, request).target.publish.commands_per_hour
        if self._asked_lately() > per_hour:
            raise NotDone(f"More than {per_hour} re-runs were asked for within an hour; try later.")
        said = self.forge.runs.measure(request, again)
        with _whatever_the_forge_says():
            self._mark_stale(request, aside=aside)
        return said, "" if said in ("started", "started again") else f"{said[0].upper()}{said[1:]}."

    def _still_failing(self, request: MergeRequest, globs: Sequence[str]) -> list[str]:
        """What fails at this head and is not asked for: a verdict that leaves it out would let it pass.

        Raises:
            NotDone: there is no verdict yet, or one that is not about named benchmarks alone.
        """
        head, sections = request.head, read_body(self.comments, self.key).sections
        if not sections and self._passes(request):
            return []
        told = [part.said for part in sections if part.said is not None and part.said.head == head]
        if not told or len(told) < len(sections):
            raise NotDone("There is no verdict of this head yet that some benchmarks could change: `/rebench` alone.")
        if any(part.more or (part.said and part.said.state == "failed" and not part.failing) for part in sections):
            raise NotDone("What fails at this head is more than some benchmarks: `/rebench` alone.")
        failing = (name for part in sections for name, _ in part.failing)
        return [
            _glob_of(name) for name in dict.fromkeys(failing) if not any(fnmatch.fnmatchcase(name, g) for g in globs)
        ]

    def _passes(self, request: MergeRequest) -> bool:
        """By the status: where nothing is worth a comment, there is none."""
        asked = Status("running", "perfbot", request.head, "", request=request.number)
        shown = of_request(self.forge.statuses.shown(asked), request.number)
        return bool(shown) and shown[0].state == "success"

    def _check_settings(self, command: Rebench, request: MergeRequest) -> None:
        """Which variables may be set is for the target branch to say."""
        if not command.settings:
            return
        allowed = read_rules(self.forge.repository, request).target.publish.command_env
        if any(setting.name not in allowed for setting in command.settings):
            names = ", ".join(f"`{name}`" for name in allowed)
            may = f"It allows {names}." if names else "It allows none: `[publish] command_env` lists them."
            raise NotDone(f"The target branch does not allow to set this variable. {may}")

    def _open_request(self) -> MergeRequest:
        request = self.forge.repository.merge_request(self.number)
        if not request.open:
            raise NotDone("This merge request is closed.")
        return request

    def _asked_lately(self) -> int:
        """How often people who may were asking for a run; what strangers write keeps nobody waiting.

        By their comments, and by what perfbot's own remembers of those that were deleted, and of buttons.
        """
        since = (self.now - HOUR).strftime("%Y-%m-%dT%H:%M:%S")
        asked = Counter(
            n.author_key
            for n in self.comments.notes()
            if not n.mine
            and n.created >= since
            and any(isinstance(c, Rebench | Bisect | Why | Bench) for c in commands.parse(n.body))
        )
        written = sum(times for who, times in asked.items() if self.forge.repository.may_write(who))
        remembered = sum(moment >= since for moment in read_body(self.comments, self.key).asked)
        return max(written, remembered + 1)  # this one is written already, and not remembered yet

    def _mark_stale(self, request: MergeRequest, *, aside: str = "") -> None:
        """What stands is older from now on; beside a run that decides nothing it stays what it is."""
        if aside:
            moment = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
            self._change(lambda body: _asked_at(body, moment))
            return
        banner = f"Measuring `{request.head[:7]}` again; what follows is older."
        moment = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._change(lambda body: _asked_at(all_stale(body, banner), moment))
        if self.forge.kind == "github" and self._published_by_me():
            self.forge.statuses.show(
                Status("running", "perfbot", request.head, "Measuring again.", request=request.number)
            )

    def _published_by_me(self) -> bool:
        """Only who published can end a check that waits: workflows may publish under another name than this one."""
        return bool(read_body(self.comments, self.key).sections)

    # A known cost

    def _accept(self, note: Note, command: Accept) -> tuple[str, str]:
        request = self._open_request()
        body = read_body(self.comments, self.key)
        failing = _failing(body, request.head, command.glob)
        if not failing:
            raise NotDone(
                "Nothing that fails at the present head matches. Accepting needs a verdict of this head first."
            )
        moment = note.created or self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        new = [
            Acceptance(glob.escape(name), command.reason, note.author, moment, request.head, change, note.id, metric)
            for (name, metric), change in failing.items()
        ]
        self._change(lambda found: _with(found, new))
        return self._publish_again(request, body, failing)

    def _publish_again(self, request: MergeRequest, body: Body, accepted: Failing) -> tuple[str, str]:
        said = f"accepted {len({name for name, _ in accepted})} of the benchmarks that fail"
        jobs = {s.job for s in body.sections if s.job and s.failing.keys() & accepted.keys()}
        for job in sorted(jobs):
            try:
                self.forge.runs.publish(request, job)
            except RefusedError:
                if not self.resumed:
                    return said, "Accepted. Run the job that publishes again to see it: perfbot may not."
        return said, "" if jobs else "Accepted; it counts from the next verdict on."

    # Writing

    def _change(self, change: object) -> None:
        options = {"create": False, **self.upsert}
        Upsert(self.comments, self.key, change, **options).run()  # type: ignore[arg-type]

    def _reply(self, to: str, text: str) -> None:
        """One reply to a comment (or to all strangers together), however often it is handed in."""
        marker = f"<!-- perfbot:reply to={to} -->"
        if not any(n.mine and marker in n.body for n in self.comments.notes()):
            self.comments.write(f"{marker}\n{text}\n", marker)


@contextlib.contextmanager
def _whatever_the_forge_says() -> Iterator[None]:
    """What follows on something done: were it the command's failure, the command would be carried out again."""
    with contextlib.suppress(PublishError):
        yield


def _lines(command: Rebench) -> tuple[str, ...]:
    """What a run is told, as :mod:`perfbot.cli.asked` reads it."""
    base = (f"{BASE}{command.base}",) if command.base else ()
    return (*base, *(f"{ENV}{setting.text}" for setting in command.settings), *command.globs)


def _glob_of(name: str) -> str:
    """A pattern that means a benchmark and can be handed on as a line: never in two, never an option."""
    escaped = glob.escape("".join(one if one.isprintable() else "\0" for one in name)).replace("\0", "?")
    return f"[{escaped[0]}]{escaped[1:]}" if escaped.startswith(("-", " ")) else escaped


def _failing(body: Body, head: str, pattern: str) -> Failing:
    """What fails at a head and matches."""
    return {
        (name, metric): change
        for section in body.sections
        if section.head == head
        for (name, metric), change in section.failing.items()
        if fnmatch.fnmatchcase(name, pattern)
    }


def _asked_at(body: Body, moment: str) -> Body:
    return body if moment in body.asked else replace(body, asked=(*body.asked, moment)[-MAX_ASKED:])


def _with(body: Body, new: Sequence[Acceptance]) -> Body:
    """A later acceptance of the same comparison replaces an earlier one."""
    again = {(acceptance.match, acceptance.metric) for acceptance in new}
    kept = [acceptance for acceptance in body.accepted if (acceptance.match, acceptance.metric) not in again]
    return replace(body, accepted=(*kept, *new))


def find_by_head(repository: Repository, head: str) -> int:
    """Number of the open merge request with this head; 0 when there is none or several."""
    found = [request.number for request in repository.open_merge_requests("") if request.head == head]
    return found[0] if len(found) == 1 else 0


def poll(forge: Forge, *, since: datetime, now: datetime) -> list[str]:
    """Look for commands in comments written after a moment, in all open merge requests touched since.

    Raises:
        PublishError: some could not be carried out; the others were.
    """
    said, failed = [], None
    text = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for request in forge.repository.open_merge_requests(text):
        own = CommandHandler(forge, request.number, now)
        for note in own.comments.notes():
            if note.created < text or note.mine or not commands.parse(note.body):
                continue
            try:
                done = own.act(note)
            except PublishError as error:
                done, failed = f"failed: {error.message}", error
            said.append(f"{request.number}, comment {note.id} by {prose(note.author)}: {done}")
    if failed is not None:
        raise PublishError("\n".join(said), hint=failed.hint)
    return said
