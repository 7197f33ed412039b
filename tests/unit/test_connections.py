"""No module but the guarded client and the mail channel opens a connection, by whatever call or library."""

import ast
from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
LIBRARIES = {
    *("aiohttp", "aiosmtplib", "ftplib", "h11", "http.client", "httpcore", "httpx", "imaplib", "niquests", "poplib"),
    *("pycurl", "requests", "smtplib", "telnetlib", "urllib.request", "urllib3", "websockets", "xmlrpc.client"),
}
CALLS = {
    *("create_connection", "create_datagram_endpoint", "create_unix_connection", "open_connection"),
    *("open_unix_connection", "sock_connect", "socket.socket", "urlopen"),
}
MAY = {Path("channels/smtp_session.py"): {"aiosmtplib"}, Path("channels/bounce_box.py"): {"imaplib"}}


def opened(source):
    """What a module uses that could open a connection."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {alias.name for alias in node.names if alias.name in CALLS}
        elif isinstance(node, ast.Attribute) and node.attr in CALLS:
            found.add(node.attr)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "socket.socket":
            found.add("socket.socket")
    return {name for name in found if name in CALLS or any(f"{name}.".startswith(f"{one}.") for one in LIBRARIES)}


def test_only_the_guarded_client_and_the_mail_channel_open_connections():
    files = [file.relative_to(ROOT) for file in ROOT.rglob("*.py")]
    assert len(files) > 50
    others = [file for file in files if file.parts[0] != "net"]
    found = {file: opened((ROOT / file).read_text("utf-8")) - MAY.get(file, set()) for file in others}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import httpx",
        "from urllib import request",
        "from urllib.request import urlopen",
        "import http.client as c",
        "import socket\ns = socket.socket()",
        "from asyncio import open_connection",
        "async def f(loop): await loop.create_connection(None, 'x', 1)",
        "def f():\n    import requests.sessions",
    ],
)
def test_the_test_sees_them(source):
    assert opened(source)
