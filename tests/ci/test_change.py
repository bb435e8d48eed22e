"""Reading the CI's description never fails in an unforeseen way, whatever the payload holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from perfbot.ci.change import ChangeRequest, detect
from perfbot.errors import PerfbotError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["number", "pull_request", "head", "base", "sha", "ref", "before", "repository"]), inner
        )
    ),
    max_leaves=12,
)


@given(
    event=st.dictionaries(st.sampled_from(["number", "pull_request", "before", "after", "merge_group"]), JSON),
    name=st.sampled_from(["pull_request", "push", "merge_group", "workflow_dispatch", "pull_request_target", ""]),
)
def test_any_github_payload(event: dict[str, object], name: str) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_RUN_ID": "x1"}
    try:
        found = detect(environ, event)
    except PerfbotError:
        assert name == "pull_request_target"
        return
    assert found.origin == "github"
    assert bool(found.merge_of) <= bool(found.base and found.head)


@given(
    st.dictionaries(
        st.sampled_from([
            "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_EVENT_TYPE", "CI_COMMIT_SHA", "CI_PIPELINE_ID",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA", "CI_COMMIT_BRANCH", "CI_DEFAULT_BRANCH", "CI_COMMIT_BEFORE_SHA",
        ]),
        st.text(max_size=10),
    )
)  # fmt: skip
def test_any_gitlab_variables(variables: dict[str, str]) -> None:
    found = detect({"GITLAB_CI": "true", **variables}, {})
    assert found.origin == "gitlab"
    assert found.head
    assert found.merge_request >= 0


def test_outside_ci_nothing_is_known() -> None:
    assert detect({"CI": "true", "PATH": "/bin"}, {}) == ChangeRequest()
