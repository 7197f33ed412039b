"""Messages as mail servers and mailbox providers send them back."""

KEY = "ab" * 32


def _lines(*lines):
    return "\r\n".join(lines).encode()


def _returned(kind, key):
    body = ("", "Text.") if kind == "message/rfc822" else ()
    return (
        f"Content-Type: {kind}",
        "",
        "From: Monitor <monitor@example.org>",
        f"Message-ID: <{key}@example.org>",
        f"X-Alert-Key: {key}",
        "Subject: An alert",
        *body,
    )


def report(
    *,
    action="failed",
    status="5.1.1",
    recipient="gone@example.org",
    original=None,
    code="smtp; 550 5.1.1 no such user",
    returned="message/rfc822",
    key=KEY,
):
    """A report of delivery by RFC 3464."""
    return _lines(
        "From: MAILER-DAEMON@mx.example",
        "To: monitor@example.org",
        "Subject: Undelivered Mail Returned to Sender",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=x"',
        "",
        "--=x",
        "Content-Type: text/plain",
        "",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "--=x",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example",
        "",
        *((f"Original-Recipient: rfc822;{original}",) if original else ()),
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: {code}",
        "",
        "--=x",
        *_returned(returned, key),
        "--=x--",
        "",
    )


def complaint(*, kind="abuse", key=KEY):
    """A complaint of a reader, as a mailbox provider passes it on (RFC 5965)."""
    return _lines(
        "From: <abuse@mailbox.example>",
        "To: monitor@example.org",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="=x"',
        "",
        "--=x",
        "Content-Type: text/plain",
        "",
        "This is an email abuse report.",
        "--=x",
        "Content-Type: message/feedback-report",
        "",
        f"Feedback-Type: {kind}",
        "User-Agent: SomeGenerator/1.0",
        "Version: 1",
        "Original-Rcpt-To: <reader@example.org>",
        "",
        "--=x",
        *_returned("message/rfc822", key),
        "--=x--",
        "",
    )
