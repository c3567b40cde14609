"""Builds the images, starts the department once beside a sign-in of its own, and walks through it.

    sudo .venv/bin/python -m deploy.check [--base IMAGE] [--built] [--keep]

Needs podman, podman-compose, openssl and Chromium. Each step is printed once it was seen. What was
made goes again at the end, but for the images.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import oidc_provider_mock
from playwright.sync_api import Page
from werkzeug.serving import make_server

from benchmarks.app import ROOT, SAMPLES, WAIT_MS, accept_notice, at_film, chromium, settled, upload

PROJECT = "cxr-check"
IMAGES = ("localhost/cxr-lens", "localhost/cxr-lens-db", "localhost/cxr-lens-proxy")
HOST, PORT, UID = "cxr.hospital.example", 8443, 10001
LOGIN, LOGIN_PORT = "host.containers.internal", 9400
PEOPLE = {"reader": "reader@clinic.example", "admin": "admin@clinic.example"}
SECRETS = f"""
[auth]
redirect_uri = "https://{HOST}:{PORT}/oauth2callback"
cookie_secret = "{secrets.token_urlsafe(48)}"
client_id = "cxr"
client_secret = "{secrets.token_urlsafe(12)}"
server_metadata_url = "http://{LOGIN}:{LOGIN_PORT}/.well-known/openid-configuration"
[roles]
reader = ["{PEOPLE["reader"]}"]
admin = ["{PEOPLE["admin"]}"]
"""


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    """What a command prints; it and its errors where it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment or os.environ, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def inside(service: str, *command: str) -> str:
    return run("podman", "exec", f"{PROJECT}_{service}_1", *command)


def seen(what: str) -> None:
    print(f"ok  {what}", flush=True)


@contextmanager
def login() -> Iterator[None]:
    """A provider of sign-in on this machine, which the containers reach too."""
    users = [
        oidc_provider_mock.User(
            sub=name, claims={"email": email, "email_verified": True, "name": name.title()}
        )
        for name, email in PEOPLE.items()
    ]
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it has no certificate, nor leaves this machine
    app = oidc_provider_mock.app(user_claims=users)
    server = make_server("0.0.0.0", LOGIN_PORT, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()


@contextmanager
def department(settings: Path, base: str, built: bool, keep: bool) -> Iterator[None]:
    """The compose file, built and started."""
    (settings / "tls").mkdir()
    certificate = ["-keyout", f"{settings}/tls/key.pem", "-out", f"{settings}/tls/cert.pem"]
    run("openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "2", *certificate,
        "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}")  # fmt: skip
    place = settings / "secrets.toml"
    place.write_text(SECRETS)
    place.chmod(0o400)
    os.chown(place, UID, UID)
    environment = {
        **os.environ,
        "CXR_HOST": HOST,
        "CXR_PORT": str(PORT),
        "CXR_DB_PASSWORD": secrets.token_hex(24),
        "CXR_SETTINGS": str(settings),
        **({"CXR_BASE": base} if base else {}),
    }
    compose = ["podman-compose", "-p", PROJECT, "-f", "deploy/compose.yaml"]
    if not built:
        build(compose, environment)
        seen("the images are built")
    try:
        run(*compose, "up", "-d", environment=environment)
        yield
    finally:
        if not keep:
            run(*compose, "down", "-v", environment=environment)


def build(compose: list[str], environment: dict[str, str]) -> None:
    """podman-compose 1.0.3 ends well where a build has failed, so the names are taken away first
    and looked for afterwards. Containers that run from these images stay, and where a build has
    failed so do the names."""
    before = {image: found for image in IMAGES if (found := image_of(image))}
    for image in before:
        run("podman", "untag", image, image)
    done = subprocess.run(
        [*compose, "build"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    missing = [image for image in IMAGES if not image_of(image)]
    if missing:
        for image, found in before.items():
            run("podman", "tag", found, image)
        raise SystemExit(
            f"{', '.join(missing)} not built\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )


def image_of(name: str) -> str:
    """The id of the image that has a name; "" where none has."""
    asked = ["podman", "image", "inspect", "--format", "{{.Id}}", name]
    done = subprocess.run(asked, capture_output=True, text=True)
    return "" if done.returncode else done.stdout.strip()


def healthy() -> None:
    """The app's own check passes, with its databases."""
    for _ in range(120):
        checked = ["podman", "healthcheck", "run", f"{PROJECT}_app_1"]
        if subprocess.run(checked, capture_output=True).returncode == 0:
            return
        sleep(2)
    raise SystemExit(run("podman", "logs", f"{PROJECT}_app_1"))


def sign_in(page: Page, name: str) -> None:
    page.goto(f"https://{HOST}:{PORT}")
    way_in = page.get_by_role("button", name="Sign in")
    way_in.wait_for()
    settled(page)
    way_in.click()
    page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_url(f"https://{HOST}:{PORT}/**")
    accept_notice(page)


def walk(page: Page) -> None:
    sign_in(page, "admin")
    seen("signed in through the proxy, under TLS")
    film: list[int] = []
    page.on("response", lambda r: film.append(r.status) if "/media/" in r.url else None)
    upload(page, [SAMPLES / "child-01.jpg"])
    at_film(page, 1)
    page.locator(".cxr-bars").first.wait_for()
    assert set(film) == {200}, film
    seen("a film was uploaded, shown and scored")
    page.get_by_role("button", name="Show map").click()
    page.locator(".map").last.wait_for()
    settled(page)
    page.get_by_role("radio", name="Integrated gradients").click()
    page.get_by_text("Working out").first.wait_for()
    page.wait_for_function("!document.body.innerText.includes('Working out')")
    page.locator(".map").last.wait_for()
    seen("its map is there, by Grad-CAM and by integrated gradients")


def recorded() -> None:
    """The log in PostgreSQL holds what was done, by whom, and is whole."""
    asked = 'PGPASSWORD=$POSTGRES_PASSWORD psql -U cxr -At -c "select body from cxr_audit_rows"'
    rows = inside("db", "sh", "-c", asked)
    told = [json.loads(row) for row in rows.splitlines()]
    kinds = {row["kind"] for row in told if row["who"] == "Admin"}
    assert kinds >= {"scored", "shown"}, rows
    print(inside("app", ".venv/bin/python", "-m", "cxr", "audit", "verify").strip())
    seen("PostgreSQL holds the audit log, and it is whole")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base", default="", help="image to build on, such as one of debootstrap")
    parser.add_argument("--built", action="store_true", help="take the images that are there")
    parser.add_argument("--keep", action="store_true", help="leave it running")
    options = parser.parse_args()
    names = f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP {LOGIN} 127.0.0.1"
    with tempfile.TemporaryDirectory() as place, login():
        settings = Path(place)
        settings.chmod(0o755)
        with department(settings, options.base, options.built, options.keep):
            healthy()
            seen("healthy, with its databases")
            with chromium(names, "--ignore-certificate-errors") as browser:
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.set_default_timeout(WAIT_MS)
                # The provider's page wants a style sheet from elsewhere.
                page.route("**/*cdn*/**", lambda route: route.abort())
                walk(page)
                recorded()
                run("podman", "restart", f"{PROJECT}_app_1")
                healthy()
                page.reload()
                accept_notice(page)
                page.get_by_text("add them again").wait_for()
                seen("after a restart the proxy finds the app, and the reader is still signed in")


if __name__ == "__main__":
    main()
