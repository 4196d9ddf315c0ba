"""A real Postgres server for tests: started on a free port, killed without warning, started again on the same data."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

NOBODY = "nobody"  # postgres refuses to run as root


def binaries() -> Path | None:
    """Return the folder of the newest Postgres server's programs; None where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


class Server:
    """One server with data of its own; `url()` opens an empty schema in it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._home = Path(tempfile.mkdtemp(prefix="probescope-postgres-"))
        self._password = secrets.token_hex(16)
        self._schemas = 0
        if os.getuid() == 0:
            shutil.chown(self._home, NOBODY)
        password = self._home / "password"
        password.write_text(self._password)
        password.chmod(0o644)
        self._run(
            "initdb", "-D", self._data, "-U", "app", "--auth-local=reject", "--auth-host=scram-sha-256",
            f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
        )  # fmt: skip
        self.start()

    @property
    def _data(self) -> str:
        return str(self._home / "data")

    def _run(self, program: str, *arguments: str) -> None:
        drop = ["setpriv", "--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"] if os.getuid() == 0 else []
        command = [*drop, str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self._home, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def start(self) -> None:
        """Start the server, on its old port if that is still free; a new port can be lost before it is used."""
        for last in (False, False, True):
            self._port = getattr(self, "_port", None) or _free_port()
            settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            try:
                self._run(
                    "pg_ctl", "-D", self._data, "-w", "-t", "30", "-l", str(self._home / "log"), "-o", settings, "start"
                )
            except RuntimeError:
                if last:
                    raise
                del self._port
            else:
                return

    def kill(self) -> None:
        """End the server and all its children with SIGKILL, and wait until they are gone."""
        postmaster = psutil.Process(int((self._home / "data" / "postmaster.pid").read_text().split()[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while any(process.is_running() for process in family):  # a zombie still holds the lock file
            if time.monotonic() > deadline:
                raise TimeoutError("the killed server does not go away")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server and delete its data."""
        self._run("pg_ctl", "-D", self._data, "-m", "fast", "stop")
        shutil.rmtree(self._home)

    def url(self) -> str:
        """Return the address of a schema of its own, empty."""
        import psycopg

        self._schemas += 1
        base = f"postgresql://app:{self._password}@127.0.0.1:{self._port}/postgres"
        with psycopg.connect(base, autocommit=True) as con:
            con.execute(f"create schema s{self._schemas}")
        return f"{base}?options=-csearch_path%3Ds{self._schemas}"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
