"""Our FTP server and the clients that people have: each fetches or stores a file, which must be the same to the byte.

The set of commands is theirs (EPSV or PASV first, SIZE or none, REST or APPE to resume, CWD, SITE, HELP, CLNT, ...): a
server that refuses too much or answers out of turn fails here.
"""

import ftplib
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import processes  # noqa: E402
from plugin import BUILD  # noqa: E402

SERVER = BUILD / "tests" / "support" / "ftp_folder_server"
HOST = "127.0.0.1"
CONTENT = os.urandom(3_000_000)
PART = 1_000_000
CHANGED = bytes(PART) + CONTENT[PART:]  # what comes of it where a part that began otherwise was resumed
TIMEOUT = 60


class ClientCase(unittest.TestCase):
    """A server over a folder `there`, and a folder `here` with an empty home for the client."""

    user = "somebody"
    password = "Qm9yaW5nLWJ1dC1yaWdodC1zaXplZC10b2tlbi0xMjM"  # as long as a certification, and as odd as base64url gets
    name = "file"  # of the file, there and here

    def setUp(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="two-path-ftp-"))
        self.addCleanup(shutil.rmtree, folder)
        self.there, self.here = folder / "there", folder / "here"
        self.there.mkdir()
        self.here.mkdir()
        self.port = self.serve()
        self.url = f"ftp://{self.user}:{self.password}@{HOST}:{self.port}/{self.name}"

    def serve(self):
        """Gives the port."""
        server = processes.popen([SERVER, self.there, self.password], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(processes.stop, server)
        return int(server.stdout.readline())

    def run_client(self, program, *arguments, script=None):
        if not shutil.which(program):
            self.fail(f"{program} is missing: tools/install-deps installs it")
        environment = {**os.environ, "HOME": str(self.here), "LC_ALL": "C"}
        done = subprocess.run([program, *map(str, arguments)], cwd=self.here, env=environment, timeout=TIMEOUT,
                              input=script or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
        self.assertEqual(done.returncode, 0, f"{program} said:\n{done.stdout}")

    def talk_to(self, program, *arguments, commands):
        """A client that is told what to do on its standard input."""
        lines = [f"user {self.user} {self.password}", "binary", *commands, "quit", ""]
        self.run_client(program, *arguments, "-n", HOST, self.port, script="\n".join(lines))

    def offer(self):
        (self.there / self.name).write_bytes(CONTENT)

    def have_part(self):
        (self.here / self.name).write_bytes(bytes(PART))

    def have(self):
        (self.here / self.name).write_bytes(CONTENT)

    def have_and_offer_part(self):
        self.have()
        (self.there / self.name).write_bytes(bytes(PART))

    def assert_fetched(self, content=CONTENT):
        self.assertTrue((self.here / self.name).read_bytes() == content, "what was fetched is not what was wanted")

    def assert_stored(self, content=CONTENT):
        self.assertTrue((self.there / self.name).read_bytes() == content, "what was stored is not what was sent")


class Curl(ClientCase):
    def test_curl_fetches(self):
        self.offer()
        self.run_client("curl", "-sS", "-o", self.name, self.url)
        self.assert_fetched()

    def test_curl_resumes_a_fetch(self):
        self.offer()
        self.have_part()
        self.run_client("curl", "-sS", "-C", "-", "-o", self.name, self.url)
        self.assert_fetched(CHANGED)

    def test_curl_fetches_without_epsv(self):
        self.offer()
        self.run_client("curl", "-sS", "--disable-epsv", "-o", self.name, self.url)
        self.assert_fetched()

    def test_curl_stores(self):
        self.have()
        self.run_client("curl", "-sS", "-T", self.name, self.url)
        self.assert_stored()

    def test_curl_resumes_a_store_where_it_is_told_to(self):
        self.have_and_offer_part()
        self.run_client("curl", "-sS", "-C", PART, "-T", self.name, self.url)
        self.assert_stored(CHANGED)

    def test_curl_resumes_a_store_where_the_server_ends(self):
        self.have_and_offer_part()
        self.run_client("curl", "-sS", "-C", "-", "-T", self.name, self.url)
        self.assert_stored(CHANGED)

    def test_curl_appends(self):
        self.have_and_offer_part()
        (self.here / "rest").write_bytes(CONTENT[PART:])
        self.run_client("curl", "-sS", "--append", "-T", "rest", self.url)
        self.assert_stored(CHANGED)


class Wget(ClientCase):
    def test_wget_fetches(self):
        self.offer()
        self.run_client("wget", "-nv", self.url)
        self.assert_fetched()

    def test_wget_resumes(self):
        self.offer()
        self.have_part()
        self.run_client("wget", "-nv", "-c", self.url)
        self.assert_fetched(CHANGED)


class Lftp(ClientCase):
    def lftp(self, command):
        # Its patience is endless: without these it would try for ever.
        settings = "set net:max-retries 2; set net:timeout 10; set cmd:fail-exit yes"
        self.run_client("lftp", "-u", f"{self.user},{self.password}", "-e", f"{settings}; {command}; bye",
                        f"ftp://{HOST}:{self.port}")

    def test_lftp_fetches(self):
        self.offer()
        self.lftp(f"get {self.name}")
        self.assert_fetched()

    def test_lftp_resumes_a_fetch(self):
        self.offer()
        self.have_part()
        self.lftp(f"get -c {self.name}")
        self.assert_fetched(CHANGED)

    def test_lftp_stores(self):
        self.have()
        self.lftp(f"put {self.name}")
        self.assert_stored()

    def test_lftp_resumes_a_store(self):
        self.have_and_offer_part()
        self.lftp(f"put -c {self.name}")
        self.assert_stored(CHANGED)


class Ncftp(ClientCase):
    def login(self):
        return "-u", self.user, "-p", self.password, "-P", self.port

    def test_ncftpget_fetches(self):
        self.offer()
        self.run_client("ncftpget", "-V", *self.login(), HOST, ".", self.name)
        self.assert_fetched()

    def test_ncftpget_resumes(self):
        self.offer()
        self.have_part()
        self.run_client("ncftpget", "-V", "-z", *self.login(), HOST, ".", self.name)
        self.assert_fetched(CHANGED)

    def test_ncftpput_stores(self):
        self.have()
        self.run_client("ncftpput", "-V", *self.login(), HOST, "/", self.name)
        self.assert_stored()


class Tnftp(ClientCase):
    def test_tnftp_fetches(self):
        self.offer()
        self.talk_to("tnftp", commands=[f"get {self.name}"])
        self.assert_fetched()

    def test_tnftp_resumes(self):
        self.offer()
        self.have_part()
        self.talk_to("tnftp", commands=[f"reget {self.name}"])
        self.assert_fetched(CHANGED)

    def test_tnftp_stores(self):
        self.have()
        self.talk_to("tnftp", commands=[f"put {self.name}"])
        self.assert_stored()


class Inetutils(ClientCase):
    def test_inetutils_ftp_fetches(self):
        self.offer()
        self.talk_to("inetutils-ftp", "-p", commands=[f"get {self.name}"])
        self.assert_fetched()

    def test_inetutils_ftp_stores(self):
        self.have()
        self.talk_to("inetutils-ftp", "-p", commands=[f"put {self.name}"])
        self.assert_stored()


class Ftplib(ClientCase):
    def setUp(self):
        super().setUp()
        self.ftp = ftplib.FTP(timeout=TIMEOUT)
        self.addCleanup(self.ftp.close)
        self.ftp.connect(HOST, self.port)
        self.ftp.login(self.user, self.password)

    def fetch(self, **options):
        with open(self.here / self.name, "ab") as file:
            self.ftp.retrbinary(f"RETR {self.name}", file.write, **options)
        self.ftp.quit()
        self.assert_fetched(CHANGED if "rest" in options else CONTENT)

    def store(self, content, **options):
        self.ftp.storbinary(f"STOR {self.name}", io.BytesIO(content), **options)
        self.ftp.quit()
        self.assert_stored(CHANGED if "rest" in options else CONTENT)

    def test_ftplib_fetches(self):
        self.offer()
        self.fetch()

    def test_ftplib_resumes_a_fetch(self):
        self.offer()
        self.have_part()
        self.fetch(rest=PART)

    def test_ftplib_stores(self):
        self.have()
        self.store(CONTENT)

    def test_ftplib_resumes_a_store(self):
        self.have_and_offer_part()
        self.store(CONTENT[PART:], rest=PART)


class Urllib(ClientCase):
    def test_urllib_fetches(self):
        self.offer()
        with urllib.request.urlopen(self.url, timeout=TIMEOUT) as answer:
            (self.here / self.name).write_bytes(answer.read())
        self.assert_fetched()


class Busybox(ClientCase):
    def login(self):
        return "-u", self.user, "-p", self.password, "-P", self.port, HOST

    def test_busybox_ftpget_fetches(self):
        self.offer()
        self.run_client("busybox", "ftpget", *self.login(), self.name, self.name)
        self.assert_fetched()

    def test_busybox_ftpget_resumes(self):
        self.offer()
        self.have_part()
        self.run_client("busybox", "ftpget", "-c", *self.login(), self.name, self.name)
        self.assert_fetched(CHANGED)

    def test_busybox_ftpput_stores(self):
        self.have()
        self.run_client("busybox", "ftpput", *self.login(), self.name, self.name)
        self.assert_stored()

    def test_busybox_wget_fetches(self):
        self.offer()
        self.run_client("busybox", "wget", "-q", self.url)
        self.assert_fetched()


class Aria2(ClientCase):
    def test_aria2_fetches(self):
        self.offer()
        self.run_client("aria2c", "--quiet", "--file-allocation=none", "--max-tries=2", self.url)
        self.assert_fetched()


if __name__ == "__main__":
    unittest.main()
