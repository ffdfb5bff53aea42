"""The whole production platform on this machine without containers: `make serve-all`.

PostgreSQL and the queue are throwaway ones (`joulemark_simulation.services`), or those that DATABASE_URL and REDIS_URL
name. The processes are those of Procfile, run by honcho; in front of them is this machine's nginx with the very
template that docker-compose.yml uses, and a certificate of its own. Everything ends together, by Ctrl-C or SIGTERM, or
when one of them ends.

    python deploy/serve_all.py [--folder FOLDER] [--https PORT] [--http PORT]
"""

from __future__ import annotations

import argparse
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "simulation")]

from joulemark_simulation.services import services

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEMPLATE = ROOT / "deploy" / "joulemark.conf.template"
READY_LIMIT_S = 120.0
STOP_LIMIT_S = 40.0
LOOK_EVERY_S = 0.5
LISTEN_EVERY_S = 0.05
PROXY_USERS = ("www-data", "nginx", "nobody")
"""Whom nginx serves as where root starts it: somebody who may not read the platform's own folder."""
MAIN = """\
daemon off;
pid $folder/nginx.pid;
error_log stderr warn;
$user
worker_processes 2;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    include $folder/joulemark.conf;
}
"""


class CannotServe(Exception):
    """What is missing or ended; `str(error)` says what to do next."""


def main() -> int:
    """Serve until somebody ends it; exit status 1 with a sentence where something is missing or ends by itself."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, help="where data, keys and log lie (default: one that goes at the end)"
    )
    parser.add_argument("--https", type=int, default=8443, help="port of the pages (default: %(default)s)")
    parser.add_argument("--http", type=int, default=8080, help="port that leads to it (default: %(default)s)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)  # `services` has a handler of its own, which raises SystemExit
    try:
        _serve(options.folder, https=options.https, http=options.http)
    except CannotServe as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit):
        print("ended")
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _serve(folder: Path | None, *, https: int, http: int) -> None:
    nginx = nginx_program()
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="joulemark-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        web = _free_port()
        environment = {
            **os.environ,
            **_addresses(stack),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JOULEMARK_ORIGIN": os.environ.get("JOULEMARK_ORIGIN", f"https://localhost:{https}"),
            "JOULEMARK_PROXIES": "1",
            "JOULEMARK_DATA_DIR": str(folder / "data"),
            "JOULEMARK_LOG_DIR": str(folder / "files" / "log"),
            "JOULEMARK_RELEASES_DIR": str(folder / "files" / "releases"),
            "JOULEMARK_BIND": f"127.0.0.1:{web}",
            "JOULEMARK_WEB_PROCESSES": os.environ.get("JOULEMARK_WEB_PROCESSES", "2"),
            "JOULEMARK_JUDGES": os.environ.get("JOULEMARK_JUDGES", "2"),
        }
        _run([sys.executable, "manage.py", "prepare"], environment)
        (folder / "files").chmod(0o755)
        _run([sys.executable, "deploy/self_signed.py", str(folder / "tls"), "localhost"], environment)
        config = configure(folder, web=web, https=https, http=http)
        honcho = [sys.executable, "-m", "honcho", "--no-colour", "start"]
        platform = stack.enter_context(_running(honcho, environment))
        _wait_until_ready(f"http://127.0.0.1:{web}/readyz")
        proxy = stack.enter_context(_running([nginx, "-p", str(folder), "-c", str(config)], environment))
        for port in (https, http):
            wait_until_listening(proxy, port)
        print(
            f"serving {environment['JOULEMARK_ORIGIN']} (a certificate of our own: browsers warn of it)",
            flush=True,
        )
        ended = first_ended({"nginx": proxy, "A process of Procfile, and with it all of them,": platform})
        raise CannotServe(f"{ended} ended; the lines above say why.")


def nginx_program() -> str:
    """The path of this machine's nginx. Raises CannotServe."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise CannotServe("nginx is not on this machine: install it (Debian: apt-get install nginx-light).")
    return nginx


def _addresses(stack: ExitStack) -> Mapping[str, str]:
    """The database and the queue that the environment names, else throwaway ones."""
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return {}
    running = stack.enter_context(services(durable=True))
    return {**running.environment(), "JOULEMARK_DATABASE_DIR": str(running.folder)}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def configure(folder: Path, *, web: int, https: int, http: int) -> Path:
    """Write nginx's configuration: ours around the template that the containers use."""
    names = {
        "JOULEMARK_SERVER_NAME": "_",
        "JOULEMARK_UPSTREAM": f"127.0.0.1:{web}",
        "JOULEMARK_FILES": str(folder / "files"),
        "JOULEMARK_TLS": str(folder / "tls"),
        "JOULEMARK_ACME": str(folder / "acme"),
        "JOULEMARK_HTTP": f"127.0.0.1:{http}",
        "JOULEMARK_HTTPS": f"127.0.0.1:{https}",
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
    (folder / "joulemark.conf").write_text(text, encoding="utf-8")
    user = f"user {_proxy_user()};" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(Template(MAIN).substitute(folder=folder, user=user), encoding="utf-8")
    return config


def _proxy_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in PROXY_USERS if name in known)


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise CannotServe(f"`{' '.join(command[1:])}` failed; its lines above say why.")


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is asked to end at the end, and made to where it does not."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def first_ended(processes: Mapping[str, subprocess.Popen[bytes]]) -> str:
    """Wait until one of them ends, and return its name. honcho ends as soon as one of its processes does."""
    while True:
        for name, process in processes.items():
            with suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_EVERY_S)
                return name


def wait_until_listening(proxy: subprocess.Popen[bytes], port: int) -> None:
    """Return once `proxy` takes connections at `port`. Raises CannotServe where it ends, or never does."""
    end_s = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < end_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        with suppress(subprocess.TimeoutExpired):
            code = proxy.wait(LISTEN_EVERY_S)
            raise CannotServe(f"nginx ended with exit status {code}; the lines above say why.")
    raise CannotServe(f"nginx takes no connections at port {port} after {READY_LIMIT_S:.0f} s.")


def _wait_until_ready(address: str) -> None:
    end_s = time.monotonic() + READY_LIMIT_S
    last_answer = "nothing"
    while time.monotonic() < end_s:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            last_answer = error.read().decode(errors="replace")
        except OSError as error:
            last_answer = str(error)
        time.sleep(0.2)
    raise CannotServe(f"The platform is not ready after {READY_LIMIT_S:.0f} s; it says: {last_answer}")


if __name__ == "__main__":
    sys.exit(main())
