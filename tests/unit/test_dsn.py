"""What a message that came back says: reports, complaints, letters of older servers, and what is none of them."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bounces import KEY, complaint, report

from monitor.channels.dsn import Bounce, BounceKind, bounce_of

K = BounceKind


def letter(text, **headers):
    message = EmailMessage()
    message["From"] = "MAILER-DAEMON@mx.example"
    message["To"] = "monitor@example.org"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def test_a_report_says_which_message_for_whom_and_why():
    assert bounce_of(report()) == Bounce(
        kind=K.ADDRESS, key=KEY, address="gone@example.org", status="5.1.1", detail="550 5.1.1 no such user"
    )


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", K.ADDRESS),
        ("failed", "5.0.0", K.ADDRESS),
        ("failed", "5.2.1", K.ADDRESS),  # switched off
        ("failed", "5.4.1", K.ADDRESS),
        ("failed", "5.2.2", K.MESSAGE),  # full
        ("failed", "5.3.4", K.MESSAGE),  # too large
        ("failed", "5.7.1", K.MESSAGE),  # a policy is not the address's fault
        ("failed", "5.1.8", K.MESSAGE),  # our own address
        ("failed", "4.4.7", K.MESSAGE),  # tried for days
        ("FAILED", "5.1.10", K.ADDRESS),
        ("delayed", "4.4.1", K.DELAYED),
        ("delivered", "2.0.0", None),
        ("relayed", "2.0.0", None),
        ("expanded", "2.0.0", None),
        ("", "", None),
    ],
)
def test_what_a_status_means(action, status, kind):
    found = bounce_of(report(action=action, status=status, code=f"smtp; 550 {status} said"))
    assert (found and found.kind) == kind
    assert found is None or found.status == status


def test_without_a_status_the_words_of_the_server_say_it():
    assert bounce_of(report(status="", code="smtp; 550 5.7.1 spam")).kind is K.MESSAGE
    assert bounce_of(report(status="", code="smtp; 552 too much")).status == "5.0.0"
    assert bounce_of(report(status="", code="")).detail == "failed"
    assert bounce_of(report(status="5.1.1", code="X-Notes; ")).detail == "X-Notes;"


def test_the_address_is_the_one_we_wrote_to_where_it_was_forwarded():
    forwarded = report(original="desk@example.org", recipient="private@elsewhere.example")
    assert bounce_of(forwarded).address == "desk@example.org"
    assert bounce_of(report(recipient="not an address")).address == ""


def test_of_several_recipients_the_one_that_failed_counts():
    raw = report(action="delayed", status="4.4.1").replace(
        b"Action: delayed",
        b"Action: delayed\r\n\r\nFinal-Recipient: rfc822; late@example.org\r\nStatus: 5.1.1\r\nAction: failed",
    )
    assert bounce_of(raw).address == "late@example.org"


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_the_key_is_found_in_the_whole_message_or_its_headers(returned):
    assert bounce_of(report(returned=returned)).key == KEY
    renamed = report(returned=returned).replace(f"Message-ID: <{KEY}@".encode(), b"Message-ID: <0100-relay@")
    assert bounce_of(renamed).key == KEY  # some relays give messages another Message-ID
    own = report(returned=returned).replace(b"X-Alert-Key", b"X-Other-Key")
    assert bounce_of(own).key == KEY
    neither = own.replace(f"Message-ID: <{KEY}@".encode(), b"Message-ID: <a b@")
    assert bounce_of(neither).key == ""


def test_a_complaint():
    found = bounce_of(complaint())
    assert (found.kind, found.key, found.address) == (K.COMPLAINT, KEY, "reader@example.org")
    assert found.detail == "abuse, told by SomeGenerator/1.0"
    assert bounce_of(complaint(kind="opt-out")).kind is K.COMPLAINT
    assert bounce_of(complaint(kind="not-spam")) is None
    assert bounce_of(complaint(kind="")) is None


RETURNED = f"Message-ID: <{KEY}@example.org>\nX-Alert-Key: {KEY}\nSubject: x\n"


def test_letters_of_exim_and_qmail():
    exim = letter(
        "This message was created automatically by mail delivery software.\n\n  gone@example.org\n    host mx [192.0.2.1]\n"
        f"    SMTP error: 550 5.1.1 Unknown user\n\n------ This is a copy of the message ------\n\n{RETURNED}",
        X_Failed_Recipients="gone@example.org, b@example.org",
    )
    assert bounce_of(exim) == Bounce(
        kind=K.ADDRESS, key=KEY, address="gone@example.org", status="5.1.1", detail="SMTP error: 550 5.1.1 Unknown user"
    )
    qmail = letter(
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message.\n\n"
        "<gone@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\n{RETURNED}"
    )
    assert bounce_of(qmail) == Bounce(
        kind=K.ADDRESS, key=KEY, address="gone@example.org", status="5.1.1",
        detail="Sorry, no mailbox here by that name. (#5.1.1)",
    )  # fmt: skip
    bare = letter("It failed.", X_Failed_Recipients="gone@example.org")
    assert bounce_of(bare) == Bounce(kind=K.ADDRESS, key="", address="gone@example.org", status="", detail="It failed.")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00",
        letter("I am out of the office until Monday. 550 5.1.1", Auto_Submitted="auto-replied"),
        letter(RETURNED),
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n--x--\r\n",
        b"Content-Type: message/delivery-status\r\n\r\nnothing",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)),
    ],
)
def test_what_is_no_bounce(raw):
    assert bounce_of(raw) is None


PIECES = st.sampled_from(
    [
        *report().split(b"\r\n"),
        *complaint().split(b"\r\n"),
        b"X-Failed-Recipients: a@b",
        b"\xff",
        b"=?x?q?=00?=",
        b"\x00",
    ]
)


@given(st.binary(max_size=300) | st.lists(PIECES, max_size=60).map(b"\r\n".join))
def test_any_bytes_say_something_or_nothing(raw):
    found = bounce_of(raw)
    if found is not None:
        assert found.key.isascii()
        assert "\n" not in found.address + found.detail + found.status
        assert len(found.detail) <= 300
