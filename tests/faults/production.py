"""Production on one machine: the processes of Procfile behind nginx, with its database and queue, each supervised.

As `make serve-all`, with three differences: what ends is started again, as docker-compose.yml does it; the ways from
the proxy to the web server, and from all processes to the database and the queue, lead through links that can be
disturbed; the database and the log lie on small disks.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from string import Template

import psycopg
from redis import Redis

from deploy import serve_all
from joulemark_simulation import services
from tests.faults.links import Links
from tests.faults.polling import poll
from tests.faults.small_disks import SmallDisk
from tests.faults.stepped_clock import SteppedClock
from tests.faults.supervisor import Service

ROOT = Path(__file__).parents[2]
SOURCE_ROOTS = os.pathsep.join(str(ROOT / part) for part in (".", "platform", "agent", "simulation"))
HTTPS, HTTP, WEB, DATABASE, QUEUE = 8443, 8080, 8000, 5432, 6379
LINKED_WEB, LINKED_DATABASE, LINKED_QUEUE = 8001, 5433, 6380
ORIGIN = f"https://localhost:{HTTPS}"
POISON = "JOULEMARK_TEST_POISON"
"""The variable of tests/poisoned_judge.py, which cannot be imported without Django."""
NAMES = ("web", "judge", "log", "releases", "watch", "beat")
"""The services of Procfile, in the order of a restart."""
DATABASE_MIB, LOG_MIB = 640, 48
UNLIMITED = ",".join(
    f"{scope}=100000000/h" for scope in ("prefix", "enrolment", "ticket", "result", "request", "rows")
)
SETTINGS = {
    "JOULEMARK_RATES": UNLIMITED,
    "JOULEMARK_PROXIES": "1",
    "JOULEMARK_WEB_PROCESSES": "2",
    "JOULEMARK_JUDGES": "1",
    "JOULEMARK_LOG_EVERY_S": "1",
    "JOULEMARK_SWEEP_EVERY_S": "4",
    "JOULEMARK_SWEEP_WAITING_S": "6",
    "JOULEMARK_CELL_EVERY_S": "8",
    "JOULEMARK_LOG_ALARM_S": "8",
    "JOULEMARK_WAITING_ALARM_S": "15",
    "JOULEMARK_CLOCK_ALARM_S": "8",
    "JOULEMARK_DISK_ALARM_MIB": "4",
}
"""As in production but for times: what an alarm waits for in minutes, it waits for in seconds."""


class Production:
    """All of it. `services` by name; nothing is started before `start`."""

    def __init__(self, folder: Path, *, poison: list[str]) -> None:
        """`poison`: the traces' digests of results that kill their judge."""
        self.folder = folder
        self.clock = SteppedClock(folder)
        self.database_disk = SmallDisk(folder / "database", mebibytes=DATABASE_MIB)
        self.log_disk = SmallDisk(folder / "files", mebibytes=LOG_MIB)
        self.links = Links(
            web=(LINKED_WEB, WEB), database=(LINKED_DATABASE, DATABASE), queue=(LINKED_QUEUE, QUEUE)
        )
        self.environment = self._environment(poison)
        self.services: dict[str, Service] = {}
        self._add("database", self._database_command(), os.environ)
        redis = [str(services.find_redis()), "--port", str(QUEUE), "--bind", "127.0.0.1", "--save", ""]
        redis += ["--appendonly", "no", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction"]
        self._add("queue", redis, os.environ)
        stepped = {**self.environment, **self.clock.environment}
        for name, command in self.commands().items():
            self._add(name, command, stepped)
        self._add("nginx", self._nginx_command(), os.environ)

    @property
    def database_url(self) -> str:
        """The database itself, past the link."""
        return f"postgresql://joulemark@127.0.0.1:{DATABASE}/joulemark"

    def commands(self) -> dict[str, list[str]]:
        """Those of Procfile; the judge with the module that dies of poison."""
        lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
        commands = {
            name: shlex.split(Template(command).substitute(self.environment))
            for name, _, command in (line.partition(":") for line in lines if line)
        }
        assert set(commands) == set(NAMES)
        commands["judge"] += ["--include", "tests.poisoned_judge"]
        return {name: commands[name] for name in NAMES}

    def start(self) -> None:
        """From empty folders to the first answer."""
        for name in ("database", "queue"):
            self.services[name].start()
        poll(self._has_database, what="the database takes connections", limit_s=60)
        self.prepare()
        self.log_disk.folder.chmod(0o755)
        tls = [sys.executable, "deploy/self_signed.py", str(self.folder / "tls"), "localhost"]
        subprocess.run(tls, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL)
        for name in (*NAMES, "nginx"):
            self.services[name].start()

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one manage.py command to its end, and give back what it printed."""
        command = [sys.executable, "manage.py", *words]
        with (self.folder / "manage.log").open("a") as log:
            done = subprocess.run(
                command, cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True
            )
            log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done

    def prepare(self) -> None:
        """`manage.py prepare`, as each start does it; again where the database is away."""
        poll(lambda: self.manage("prepare").returncode == 0, what="it is prepared", limit_s=300)

    def upgrade(self) -> None:
        """`manage.py upgrade` as an operator runs it: backup, migrations, check; again where a step fails.

        Raises TooLate.
        """
        backups = self.folder / "backups"
        poll(
            lambda: self.manage("upgrade", "--backup-to", str(backups)).returncode == 0,
            what="it is upgraded",
            limit_s=300,
        )

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to the database, past the link."""
        return psycopg.connect(self.database_url, autocommit=True, connect_timeout=5)

    def queue(self) -> Redis:
        """A client of the queue, past the link."""
        return Redis(port=QUEUE, socket_timeout=5, socket_connect_timeout=2)

    def restart_all(self) -> None:
        """As an update does it: upgraded, then each process ended politely and started."""
        self.upgrade()
        for name in NAMES:
            self.services[name].stop()
            self.services[name].start()

    def close(self) -> None:
        """End everything."""
        for service in reversed(self.services.values()):
            service.close()
        self.links.close()

    def _add(self, name: str, command: list[str], environment: os._Environ[str] | dict[str, str]) -> None:
        log = self.folder / f"{name}.log"
        self.services[name] = Service(name, command, environment=dict(environment), cwd=ROOT, log=log)

    def _environment(self, poison: list[str]) -> dict[str, str]:
        return {
            **os.environ,
            **SETTINGS,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": SOURCE_ROOTS,
            "DATABASE_URL": f"postgresql://joulemark@127.0.0.1:{LINKED_DATABASE}/joulemark",
            "REDIS_URL": f"redis://127.0.0.1:{LINKED_QUEUE}/0",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{LINKED_QUEUE}/0",
            "JOULEMARK_ORIGIN": ORIGIN,
            "JOULEMARK_DATA_DIR": str(self.folder / "data"),
            "JOULEMARK_LOG_DIR": str(self.log_disk.folder / "log"),
            "JOULEMARK_DATABASE_DIR": str(self.database_disk.folder),
            "JOULEMARK_BIND": f"127.0.0.1:{WEB}",
            "SSL_CERT_FILE": str(self.folder / "tls" / "fullchain.pem"),
            POISON: ",".join(poison),
        }

    def _database_command(self) -> list[str]:
        program = services.find_postgres()
        services.make_cluster(program.with_name("initdb"), self.database_disk.folder / "data")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(DATABASE),
            "unix_socket_directories": "",
            "max_connections": "70",
            "max_wal_size": "192MB",
            "min_wal_size": "64MB",
            "log_min_messages": "warning",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return services.tied([program, "-D", self.database_disk.folder / "data", *options], for_postgres=True)

    def _has_database(self) -> bool:
        with suppress(psycopg.OperationalError):
            server = psycopg.connect(self.database_url, dbname="postgres", autocommit=True, connect_timeout=2)
            with server:
                server.execute("CREATE DATABASE joulemark")
                return True
        return False

    def _nginx_command(self) -> list[str]:
        nginx = serve_all.nginx_program()
        config = serve_all.configure(self.folder, web=LINKED_WEB, https=HTTPS, http=HTTP)
        return [nginx, "-p", str(self.folder), "-c", str(config)]

    def stop_database_at_once(self) -> None:
        """`pg_ctl stop --mode immediate`: no checkpoint, every connection cut; it recovers from its log."""
        self.services["database"].send(signal.SIGQUIT)
