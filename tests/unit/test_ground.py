"""The ground floor's small values: faults, secrets, severities, settings."""

import pickle
from pathlib import Path

import pytest

from monitor.errors import ConfigError, Fault, RequestFailed, RuleError
from monitor.model import Outlet, Severity
from monitor.settings import Secret, Settings, StoreSettings


def test_a_fault_says_where_and_shows_the_place():
    fault = Fault(message="expected a number", file=Path("a.yaml"), line=3, column=5, source="  k: x\n", rule="r")
    assert str(fault) == "a.yaml:3:5: rule r: expected a number\n      k: x\n        ^"
    assert str(Fault(message="no place")) == "no place"
    assert str(ConfigError((fault, Fault(message="second")))).endswith("\nsecond")


def test_errors_carry_their_subject():
    error = RuleError("bad", rule="r", offset=3)
    assert (error.message, error.rule, error.part, error.offset) == ("bad", "r", "query", 3)
    failed = RequestFailed("dns", "no such name", sent=False)
    assert str(failed) == "dns: no such name"
    assert failed.sent is False


def test_a_secret_does_not_show_and_does_not_leave_the_process():
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {[secret]} {secret!s:>20}"
    assert secret.reveal() == "canary"
    assert secret == Secret("canary")
    assert secret != Secret("other")
    assert secret != "canary"
    assert len({secret, Secret("canary")}) == 1
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)


def test_severities_are_ordered_by_rank():
    assert sorted(Severity, key=lambda one: one.rank) == [Severity.ROUTINE, Severity.URGENT, Severity.FLASH]


def test_outlets_by_id():
    store = StoreSettings(url="sqlite:///x", path=Path("/x"))
    settings = Settings(file=Path("m"), store=store, rules=(), outlets=(Outlet(id="a", title="The A"),))
    assert settings.outlet_titles() == {"a": "The A"}
