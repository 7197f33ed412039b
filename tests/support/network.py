"""Several hosts on one machine: network namespaces behind a switch, or plain processes on loopback where there is no root.

    with Network(["db", "web", "w1"]) as network:
        subprocess.Popen([*network.inside("w1"), …])
        network.cut("w1"); network.mend("w1")

Nothing reaches the outer network: the switch is a namespace of its own. Without namespaces a link cannot be cut, and
`real` says so.
"""

import os
import shutil
import subprocess

_BASE = "10.231.77"


class Network:
    """Namespaces for these hosts, removed at the end."""

    def __init__(self, hosts, *, real=None):
        self.hosts = list(hosts)
        self.tag = f"m{os.getpid() % 10_000}"
        self.real = possible() if real is None else real

    def __enter__(self):
        if self.real:
            self._ip("netns", "add", self._name("sw"))
            self._in("sw", "link", "add", "br0", "type", "bridge")
            self._in("sw", "link", "set", "br0", "up")
            for number, host in enumerate(self.hosts, 1):
                self._add(host, number)
        return self

    def _add(self, host, number):
        name = self._name(host)
        self._ip("netns", "add", name)
        self._in(host, "link", "set", "lo", "up")
        self._in("sw", "link", "add", f"{host}-p", "type", "veth", "peer", "name", "eth0", "netns", name)
        self._in("sw", "link", "set", f"{host}-p", "master", "br0", "up")
        self._in(host, "addr", "add", f"{_BASE}.{number}/24", "dev", "eth0")
        self._in(host, "link", "set", "eth0", "up")
        # All of 127.77.0.0/16 that `web` is asked as, from the others, are addresses of its own.
        if host == "web":
            self._in(host, "route", "add", "local", "10.232.0.0/16", "dev", "lo")
        else:
            self._in(host, "route", "add", "10.232.0.0/16", "via", f"{_BASE}.{self.hosts.index('web') + 1}")

    def __exit__(self, *_):
        if self.real:
            for host in (*self.hosts, "sw"):
                subprocess.run(["ip", "netns", "delete", self._name(host)], check=False, capture_output=True)

    def inside(self, host):
        """What a command begins with that runs on a host."""
        return ["ip", "netns", "exec", self._name(host)] if self.real else []

    def address(self, host):
        return f"{_BASE}.{self.hosts.index(host) + 1}" if self.real else "127.0.0.1"

    def site(self, number):
        """The address of one of many hosts, all of which are the process on `web`."""
        return f"{'10.232' if self.real else '127.77'}.{number // 250}.{number % 250 + 1}"

    def cut(self, host):
        self._in("sw", "link", "set", f"{host}-p", "down")

    def mend(self, host):
        self._in("sw", "link", "set", f"{host}-p", "up")

    def _name(self, host):
        return f"{self.tag}{host}"

    def _in(self, host, *arguments):
        self._ip("-n", self._name(host), *arguments)

    @staticmethod
    def _ip(*arguments):
        done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def possible():
    """Whether namespaces can be made here."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("setpriv") is None:
        return False
    name = f"m{os.getpid()}probe"
    made = subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "netns", "delete", name], check=True)
    return made
