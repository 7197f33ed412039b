"""Links in messages: whoever has one has what it allows, nobody can make or widen one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from support.made import NOW, article, match, rule

from monitor import alerting
from monitor.alerting.links import VALID, Link, links_for, read, sign
from monitor.model import Alert, AlertKind, LinkAction, Severity

KEY, OLD = b"k" * 32, b"o" * 32


def link(**given_):
    return Link(
        **{"action": LinkAction.MUTE_RULE, "subscriber": "desk", "target": "base", "until": NOW + VALID} | given_
    )


@given(
    action=st.sampled_from(LinkAction),
    subscriber=st.text(max_size=80),
    target=st.text(max_size=80),
    rule_=st.text(max_size=80),
)
def test_what_was_signed_is_read(action, subscriber, target, rule_):
    texts = [one.encode("utf-8", "replace").decode() for one in (subscriber, target, rule_)]
    made = Link(action=action, subscriber=texts[0], target=texts[1], rule=texts[2], until=NOW.replace(microsecond=0))
    token = sign(made, KEY)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert read(token, [OLD, KEY], NOW - timedelta(days=1)) == made


def test_a_link_ends_and_needs_its_key():
    token = sign(link(), KEY)
    assert read(token, [KEY], NOW).target == "base"
    assert read(token, [KEY], NOW + VALID + timedelta(seconds=1)) is None
    assert read(token, [OLD], NOW) is None
    assert read(token, [], NOW) is None


@given(st.data())
def test_a_link_that_was_tampered_with_is_none(data):
    token = sign(link(), KEY)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from("ABCDEFGHabcdefgh0123456789-_"))
    changed = token[:place] + other + token[place + 1 :]
    found = read(changed, [KEY], NOW)
    assert found is None or changed == token


@given(st.text(max_size=300) | st.text("ABCdef012-_", max_size=300))
def test_anything_else_is_none(text):
    assert read(text, [KEY], NOW) is None


def test_what_the_receiver_of_an_alert_may_do():
    made = article()
    one = Alert(
        key="a1",
        kind=AlertKind.ARTICLE,
        subscriber_id="desk",
        severity=Severity.URGENT,
        created_at=NOW,
        article=alerting.card_of(made, "World", NOW),
        reasons=(alerting.reason_of(made, match(), rule("khmeimim")),),
        story="s1",
    )
    found = links_for(one, key=KEY, base="https://monitor.example/", now=NOW)
    assert set(found) == {action.value for action in LinkAction} - {"confirm"}
    assert all(url.startswith("https://monitor.example/a/") for url in found.values())
    links = {name: read(url.rpartition("/")[2], [KEY], NOW) for name, url in found.items()}
    assert {name: one.target for name, one in links.items()} == {
        "settings": "",
        "unsubscribe": "",
        "mute_story": "s1",
        "mute_feed": made.feed_id,
        "mute_rule": "khmeimim",
        "unsubscribe_rule": "khmeimim",
        "false_positive": "a1",
    }
    digest = Alert(key="d", kind=AlertKind.DIGEST, subscriber_id="desk", severity=Severity.ROUTINE, created_at=NOW)
    assert set(links_for(digest, key=KEY, base="https://m.example", now=NOW)) == {"settings", "unsubscribe"}
    notice = Alert(key="n", kind=AlertKind.NOTICE, subscriber_id="desk", severity=Severity.ROUTINE, created_at=NOW)
    assert links_for(notice, key=KEY, base="https://m.example", now=NOW) == {}
