"""A PostgreSQL server for the length of a run, from the programs that are installed."""

import asyncio
import os
import pwd
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.peers.driving import Absent

START_S = 60
UNPRIVILEGED = "postgres"
"""Who runs the server when we are root, which it refuses."""


def programs() -> Path:
    """Where `initdb` and `postgres` are.

    :raises Absent: nowhere.
    """
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    raise Absent("PostgreSQL is not installed: apt-get install postgresql")


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[str]:
    """A server on a fresh database with its defaults (fsync and synchronous commit on); gives its URL.

    :raises Absent: it is not installed, or does not start here.
    """
    where, data, port = programs(), folder / "postgres", _free_port()
    user = None
    if os.geteuid() == 0:
        try:
            user = pwd.getpwnam(UNPRIVILEGED).pw_name
        except KeyError:
            raise Absent(f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED}") from None
        _open_to(folder, user)
    data.mkdir()
    if user:
        shutil.chown(data, user)
    await _run(
        user, where / "initdb", f"--pgdata={data}", "--auth=trust", "--username=peer", "--encoding=UTF8"
    )
    log = folder / "postgres.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(
                where / "postgres",
                "-D",
                data,
                "-p",
                str(port),
                "-k",
                data,
                "-c",
                "listen_addresses=127.0.0.1",
            ),
            stdout=file,
            stderr=file,
            user=user,
            cwd=data,
        )
    try:
        await _ready(process, port, log)
        yield f"postgresql+psycopg://peer@127.0.0.1:{port}/postgres"
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def _open_to(folder: Path, user: str) -> None:
    """Let the server's user pass through the run's own folder."""
    for each in (folder, *folder.parents):
        if each.owner() != user and not each.stat().st_mode & 0o001:
            if not os.access(each, os.W_OK):
                raise Absent(f"user {user} may not pass through {each}")
            each.chmod(each.stat().st_mode | 0o011)


async def _run(user: str | None, *command: object) -> None:
    process = await asyncio.create_subprocess_exec(
        *(str(each) for each in command),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        user=user,
        cwd="/",
    )
    _, said = await process.communicate()
    if process.returncode:
        raise Absent(f"PostgreSQL does not start here: {said.decode(errors='replace').strip()[-300:]}")


async def _ready(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    for _ in range(START_S * 10):
        if process.returncode is not None:
            break
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            if b"ready to accept connections" in await asyncio.to_thread(log.read_bytes):
                return
        except OSError:
            pass
        await asyncio.sleep(0.1)
    said = await asyncio.to_thread(log.read_text, errors="replace")
    raise Absent(f"PostgreSQL does not start here: {said.strip()[-300:]}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
