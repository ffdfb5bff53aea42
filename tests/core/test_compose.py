"""docker-compose.yml: the commands that tests run, nothing as root, no secret in an environment, keys made by one."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PLATFORM = {name for name, service in SERVICES.items() if service.get("image") == "joulemark-platform"}
RUN_ONCE = {"prepare", "manage", "self-signed", "certificate"}
BESIDE = {"backup"}
"""Services of the platform's image that are none of its processes."""
KEY_MAKERS = {"prepare"}
AS_ROOT = {"certificate"}
"""certbot's image knows no other user; it runs for seconds, by hand or by a timer, and reaches no other service."""


def procfile() -> dict[str, str]:
    """The command of each process of a platform in production."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {name: command.strip() for name, _, command in (line.partition(":") for line in lines if line)}


def command(name: str) -> list[str]:
    return cast("list[str]", SERVICES[name]["command"])


def option(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


@pytest.mark.parametrize("name", sorted(procfile()))
def test_containers_run_the_commands_of_the_list_of_processes(name: str) -> None:
    words = command(name)
    names = {"JOULEMARK_BIND": "0.0.0.0:8000", "JOULEMARK_WEB_PROCESSES": "4", "JOULEMARK_JUDGES": "2"}
    assert words == [
        re.sub(r"\$\{(\w+)\}", lambda found: names[found[1]], word) for word in shlex.split(procfile()[name])
    ]


def test_the_list_of_processes_has_no_other() -> None:
    assert set(procfile()) == PLATFORM - RUN_ONCE - BESIDE


def test_one_service_makes_keys_and_all_others_wait_for_it() -> None:
    assert {name for name in PLATFORM if "prepare" in command(name)} == KEY_MAKERS
    for name in PLATFORM - KEY_MAKERS:
        waits = SERVICES[name]["depends_on"]["prepare"]["condition"]
        assert waits == "service_completed_successfully", name


def test_what_is_to_be_one_is_one() -> None:
    for name, service in SERVICES.items():
        assert "replicas" not in service.get("deploy", {}), name
        assert "scale" not in service, name
    assert [name for name in PLATFORM if "beat" in command(name)] == ["beat"]
    assert [name for name in PLATFORM if "watch" in command(name)] == ["watch"]
    assert "celery.beat.Scheduler" in command("beat"), "no schedule on disk: everything in it may run again"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_can_do_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert "mem_limit" in service
    assert service["logging"]["options"]["max-size"], "a log that grows for ever fills the disk"
    assert not service.get("privileged")
    if name in AS_ROOT:
        return
    user = str(service.get("user", ""))
    runs_as = user or ("image" if name in PLATFORM or "unprivileged" in service["image"] else "root")
    assert runs_as not in ("root", "0", "0:0"), "of these two images the user is set in the image"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name not in RUN_ONCE:
        assert service["restart"] == "unless-stopped"


def test_those_who_tell_how_the_platform_is_see_the_databases_disk_and_nothing_on_it() -> None:
    for name in ("web", "watch", "manage"):
        (mount,) = [mount for mount in SERVICES[name]["volumes"] if isinstance(mount, dict)]
        assert (mount["source"], mount["read_only"]) == ("database", True)
        assert mount["volume"] == {"nocopy": True}, "whoever comes first fills a new volume, and owns it"
        assert SERVICES[name]["environment"]["JOULEMARK_DATABASE_DIR"] == mount["target"]
    sees = {name for name in PLATFORM for mount in SERVICES[name]["volumes"] if isinstance(mount, dict)}
    assert sees == {"web", "watch", "manage"}


def test_images_are_of_a_named_release() -> None:
    for name, service in SERVICES.items():
        if name not in PLATFORM:
            _, _, tag = service["image"].rpartition(":")
            assert re.match(r"v?\d+", tag), f"{name}: {service['image']}"


def test_no_secret_is_in_an_environment() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|TOKEN|KEY", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), f"{name}: {variable} has a password"
    assert {"file"} == {key for secret in COMPOSE["secrets"].values() for key in secret}


def test_the_database_has_a_connection_for_everybody() -> None:
    threads = 8  # `manage.py serve` has as many where --threads names no other
    assert "--threads" not in command("web")
    workers = int(option(command("web"), "--workers"))
    judges = int(option(command("judge"), "--concurrency")) + sum(
        int(option(command(name), "--concurrency")) for name in ("log", "releases")
    )
    superusers, others = 3, 5  # prepare, manage and backup; a base backup takes two
    (allowed,) = re.findall(r"max_connections=(\d+)", " ".join(command("database")))
    probes, watch = workers, 2  # one who asks how it is in each process; the watch asks itself beside
    streams = workers * 2  # JOULEMARK_STREAMS, which nothing here sets
    assert not any("JOULEMARK_STREAMS" in service.get("environment", {}) for service in SERVICES.values())
    needed = workers * threads + streams + probes + judges + watch + superusers + others
    assert int(allowed) >= needed + 5, "five for people at a prompt"


def test_the_queue_refuses_rather_than_forgets() -> None:
    assert option(command("queue"), "--maxmemory-policy") == "noeviction"
    assert option(command("queue"), "--save") == ""


def test_nobody_outside_reaches_what_is_inside() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy", "prometheus"}
    assert SERVICES["prometheus"]["ports"] == ["127.0.0.1:9090:9090"], "its pages have no password"
    for name in ("database", "queue", "web", "judge", "beat", "backup", "base-backup"):
        assert SERVICES[name]["networks"] == ["inside"], name


def test_the_proxys_template_gets_every_name_that_it_asks_for() -> None:
    template = (ROOT / "deploy" / "joulemark.conf.template").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)\}", re.sub(r"(?m)^#.*$", "", template)))
    assert asked == set(SERVICES["proxy"]["environment"])
    program = (ROOT / "deploy" / "serve_all.py").read_text(encoding="utf-8")
    assert asked <= set(re.findall(r'"(JOULEMARK_\w+)": ', program))


def test_every_file_and_volume_that_is_named_is_there() -> None:
    used = set()
    for name, service in SERVICES.items():
        for mount in service.get("volumes", []):
            source = mount["source"] if isinstance(mount, dict) else mount.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_releases_lie_in_a_volume_that_the_proxy_serves_or_in_a_bucket_that_operators_name() -> None:
    environment = COMPOSE["x-platform"]["environment"]
    folder = environment["JOULEMARK_RELEASES_DIR"]
    assert folder == f"{SERVICES['proxy']['environment']['JOULEMARK_FILES']}/releases"
    for name in PLATFORM - {"self-signed"}:
        assert f"releases:{folder}" in {mount.removesuffix(":ro") for mount in _mounts(name)}, name
    assert [mount for mount in _mounts("proxy") if mount.startswith("releases:")] == [f"releases:{folder}:ro"]
    of_bucket = {f"JOULEMARK_RELEASES_{word}" for word in ("BUCKET", "URL", "ENDPOINT", "REGION")}
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    for name in of_bucket:
        assert environment[name] == f"${{{name}:-}}"
        assert f"`{name}`" in operations
    (override,) = re.findall(r"(?s)```yaml\n(services:\n  releases:.*?)```", operations)
    added = yaml.safe_load(override)
    assert set(added["services"]) == {"releases", "manage"}
    for service in added["services"].values():
        assert service["environment"]["AWS_SHARED_CREDENTIALS_FILE"].rpartition("/")[2] in added["secrets"]
    for name in added["services"]:
        assert "outside" in SERVICES[name]["networks"], "it reaches the bucket"


def _mounts(name: str) -> list[str]:
    return [mount for mount in SERVICES[name]["volumes"] if isinstance(mount, str)]


def test_the_image_makes_the_folders_of_the_volumes_that_the_platform_writes() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for name in PLATFORM:
        for mount in SERVICES[name]["volumes"]:
            if isinstance(mount, dict):
                continue  # another's
            folder = mount.split(":")[1]
            assert re.search(rf"install --directory --owner=joulemark .*{folder}\b", recipe), folder
