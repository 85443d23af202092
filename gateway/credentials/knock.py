"""Come in at the broker once with a new certificate: it proves it, and ends the old connection.

The broker knows clients by their identity, so whoever comes in as `w03-pad` takes the place of the
board that still is connected as such; its old certificate is revoked by then, and it stays out.
That is also how a revoked node is put out: Mosquitto reads the list of the revoked only when
somebody connects, and has no other way to end one connection.
"""

import queue
import threading
from datetime import datetime
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gateway.credentials.broker import (
    reload_mosquitto,
    tls_files,
    write_files,
    write_revocations,
)
from gateway.credentials.site import Site
from gateway.credentials.store import CredentialStore

TIMEOUT_S = 3.0
ATTEMPTS = 5
PAUSE_S = 0.3


def knock(host: str, port: int, ca: Path, certificate: Path, key: Path) -> str:
    """ "" when the broker takes the certificate, else what it said last.

    A few attempts: a broker that was just told of the certificate needs a moment.
    """
    said = ""
    for _ in range(ATTEMPTS):
        said = _knock_once(host, port, ca, certificate, key)
        if not said:
            return ""
        threading.Event().wait(PAUSE_S)
    return said


def shut_out(
    store: CredentialStore, data: Path, site: Site, identity: str, now: datetime
) -> tuple[bool, str]:
    """Let an identity that was revoked feel it: (whether Mosquitto runs here, what it said).

    What it said is "" when the connection is gone. The list of the revoked goes first, so that
    whoever is put out stays out; the rules last, so that its will may still say that it is gone.
    Raises CredentialError.
    """
    said = ""
    try:
        write_revocations(store, data)
        running = reload_mosquitto(data)
        if running:
            with store.for_a_moment(identity, now) as own:
                host, port, ca = site.broker_host, site.broker_port, tls_files(data).ca
                said = knock(host, port, ca, own.certificate_file, own.key_file)
    finally:
        write_files(store, data, site)
        reload_mosquitto(data)
    return running, said


def _knock_once(host: str, port: int, ca: Path, certificate: Path, key: Path) -> str:
    said: queue.Queue[str] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
    client.connect_timeout = TIMEOUT_S
    client.tls_set(ca_certs=str(ca), certfile=str(certificate), keyfile=str(key))
    client.on_connect = lambda *got: said.put(str(got[3]) if got[3].is_failure else "")
    client.on_disconnect = lambda *_: said.put("it hung up")
    try:
        client.connect(host, port)
        client.loop_start()
        return said.get(timeout=TIMEOUT_S)
    except OSError as error:
        return str(error)
    except queue.Empty:
        return "no answer"
    finally:
        client.disconnect()
        client.loop_stop()
