"""The servers that are measured side by side: each started from a private configuration in the temporary directory, on
a free port, in the foreground, in a session of its own (as an init system would: autogroups share the processors among
sessions)."""
import glob
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from failure import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "release")
BODY = '{"drink":"espresso","size":"double"}'
MODULES = "/usr/lib/apache2/modules"
PATIENCE_S = 10


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(address):
    """Whether somebody listens: on a TCP address by connecting; a socket file by being there."""
    if isinstance(address, str):
        return os.path.exists(address)
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def answer_of(port, path):
    """Status and body of one POST; status 0 when there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("POST", path, BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


class Contestant:
    """Some processes that answer on one port."""

    def __init__(self, name, work):
        self.name, self.work = name, work
        self.port, self.path, self.warm_up_path, self.processes = 0, "/", "/", []
        self.sockets = []  # files, besides the port

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def pids(self):
        return [process.pid for process in self.processes]

    def fill_in(self, template, **values):
        """Writes a file of peers/ with its @names@ replaced into the temporary directory; returns where."""
        values |= {"work": self.work, "port": self.port, "body": BODY}
        with open(os.path.join(HERE, "peers", template), encoding="utf-8") as file:
            text = file.read()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = os.path.join(self.work, template)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def launch(self, *command, **options):
        with open(os.path.join(self.work, f"{self.name}.err"), "ab") as errors:
            options = {"stdin": subprocess.DEVNULL, "stdout": errors, "stderr": errors} | options
            self.processes.append(subprocess.Popen(command, start_new_session=True, **options))
        return self.processes[-1]

    def wait_for_listeners(self):
        """Until all that others connect to is there, without asking anything of a worker."""
        until = time.monotonic() + PATIENCE_S
        while not all(is_open(address) for address in [("127.0.0.1", self.port), *self.sockets]):
            if time.monotonic() > until:
                raise Failure(f"{self.name} does not listen", f"its own words: {self.last_words()}")
            time.sleep(0.02)

    def check(self):
        """The answer must be the right one."""
        status, body = answer_of(self.port, self.path)
        if (status, body) != (200, BODY):
            raise Failure(f"{self.name} answers {status} {body[:200]!r}", f"its own words: {self.last_words()}")

    def last_words(self):
        try:
            with open(os.path.join(self.work, f"{self.name}.err"), encoding="utf-8", errors="replace") as file:
                return " | ".join(file.read().splitlines()[-3:]) or "none"
        except FileNotFoundError:
            return "none"

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []


def _program(pattern, package):
    found = sorted(glob.glob(pattern))
    if not found:
        raise Failure(f"there is no {pattern}", f"apt-get install {package}")
    return found[-1]


def start_coffees(contestant):
    contestant.path = contestant.warm_up_path = "/espresso"
    config = contestant.fill_in("coffees.toml", menu=os.path.join(BUILD, "functions"))
    program = os.path.join(BUILD, "coffees")
    # Handlers write lines of their own, which nobody reads here.
    server = contestant.launch(program, "serve", "--config", config, "--port", "0", "--json", "--quiet",
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = server.stdout.readline()
    if not line:
        raise Failure("coffees serve did not start", f"{program} serve --config {config} says why")
    ready = json.loads(line)
    if ready["isolation"] != "full":
        raise Failure(f"isolation is {ready['isolation']}, not full", "run it where user namespaces are allowed")
    contestant.port = ready["port"]


def start_nginx(contestant):
    program = _program("/usr/sbin/nginx", "nginx-light")
    contestant.launch(program, "-e", "stderr", "-p", contestant.work, "-c", contestant.fill_in("nginx.conf"))


def start_php(contestant):
    nginx = _program("/usr/sbin/nginx", "nginx-light")
    fpm = _program("/usr/sbin/php-fpm*", "php-fpm")
    user = "user = www-data\ngroup = www-data" if os.geteuid() == 0 else ""
    contestant.path, contestant.warm_up_path = "/echo.php", "/wait.php"
    contestant.sockets = [os.path.join(contestant.work, "php.sock")]
    contestant.fill_in("echo.php")
    contestant.fill_in("wait.php")
    contestant.launch(fpm, "-F", "-y", contestant.fill_in("php-fpm.conf", user=user))
    contestant.launch(nginx, "-e", "stderr", "-p", contestant.work, "-c", contestant.fill_in("nginx-php.conf"))


def start_fcgid(contestant):
    apache = _program("/usr/sbin/apache2", "apache2-bin")
    _program(f"{MODULES}/mod_fcgid.so", "libapache2-mod-fcgid")
    echo = os.path.join(contestant.work, "fcgi_echo")
    built = subprocess.run(["gcc", "-O2", "-o", echo, os.path.join(HERE, "peers", "fcgi_echo.c"), "-lfcgi"],
                           capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise Failure(f"gcc: {built.stderr.strip().splitlines()[0]}", "apt-get install libfcgi-dev")
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    config = contestant.fill_in("apache.conf", user=user, modules=MODULES)
    contestant.launch(apache, "-d", contestant.work, "-f", config, "-DFOREGROUND")


STARTERS = {"coffees": start_coffees, "nginx": start_nginx, "php-fpm": start_php, "mod_fcgid": start_fcgid}


def start(name, work, checked=True):
    """A contestant that answers rightly, or, not `checked`, has not been asked yet; throws Failure, and leaves nothing
    running, when it does not."""
    work = tempfile.mkdtemp(prefix=f"{name}-", dir=work)
    os.chmod(work, 0o755)
    contestant = Contestant(name, work)
    contestant.port = free_port()
    try:
        STARTERS[name](contestant)
        contestant.wait_for_listeners()
        if checked:
            contestant.check()
    except BaseException:
        contestant.stop()
        raise
    return contestant
