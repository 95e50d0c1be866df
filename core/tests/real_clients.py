"""The example server on the real kernel, with clients from Debian: nc, curl, and wrk if it is there.

Usage: real_clients.py ECHO_SERVER
Exit: 77 if a client is missing, which CTest reports as skipped.
"""

import concurrent.futures
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

PATIENCE = 60  # seconds; nothing here takes one, unless it hangs
CLIENTS = ("nc", "curl")


def pattern(size, seed):
    """Bytes of which no two stretches are the same, so that loss and disorder show."""
    return random.Random(seed).randbytes(size)


def send_until_it_blocks(client, data):
    """Sends until neither side has room left for more, since nobody reads; how many bytes went out."""
    client.settimeout(0.3)
    sent = 0
    try:
        while sent < len(data):
            sent += client.send(data[sent:sent + 65536])
        raise AssertionError("there is room for everything")
    except TimeoutError:
        pass
    finally:
        client.settimeout(PATIENCE)
    return sent


def read_to_the_end(client):
    """All that comes; a reset is an end, too: the server closes while bytes that it does not read come in."""
    read = b""
    try:
        while more := client.recv(1 << 20):
            read += more
    except ConnectionResetError:
        pass
    return read


class Server:
    def __init__(self, *words):
        self.process = subprocess.Popen([sys.argv[1], *words], stderr=subprocess.PIPE, text=True)
        first = self.process.stderr.readline()
        found = re.fullmatch(r"echo_server: listening on 127\.0\.0\.1:(\d+)\n", first)
        if not found:
            self.process.kill()
            raise AssertionError(f"the server began with {first!r}{self.process.communicate()[1]}")
        self.port = found.group(1)

    def connection(self):
        """A client of our own, for what nc cannot do: it does not end when its server does."""
        return socket.create_connection(("127.0.0.1", int(self.port)), timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.communicate()

    def stop(self):
        """What it wrote after its first line, once it has ended as it should."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=PATIENCE)[1]
        if self.process.returncode != 0:
            raise AssertionError(f"exit {self.process.returncode}\n{said}")
        return said

    def nc(self, data):
        """Sends the data, ends its direction, and takes what comes until the end."""
        return subprocess.run(["nc", "-N", "127.0.0.1", self.port], input=data, capture_output=True, check=True,
                              timeout=PATIENCE).stdout


class RealClients(unittest.TestCase):
    def test_nc_gets_back_what_it_sent_and_then_the_end(self):
        with Server() as server:
            self.assertEqual(server.nc(b"hello\n"), b"hello\n")
            self.assertEqual(server.nc(b""), b"")
            self.assertEqual(server.stop(), "echo_server: stopped\n")

    def test_many_at_once_get_their_own_bytes_each(self):
        data = [pattern(300_000, seed) for seed in range(20)]
        with Server("--buffer", "1000") as server:
            with concurrent.futures.ThreadPoolExecutor(len(data)) as pool:
                answers = list(pool.map(server.nc, data))
            self.assertTrue(answers == data)
            self.assertEqual(server.stop(), "echo_server: stopped\n")

    def test_curl_takes_the_echo_of_its_request_for_an_answer(self):
        body = pattern(50_000, 1)
        with Server("--idle", "400") as server:
            run = subprocess.run(["curl", "--silent", "--show-error", "--http0.9", "--data-binary", "@-",
                                  "--header", "Expect:", f"http://127.0.0.1:{server.port}/path"],
                                 input=body, capture_output=True, check=True, timeout=PATIENCE)
            # curl waits for the end, which the idle timeout makes.
            self.assertTrue(run.stdout.startswith(b"POST /path HTTP/1.1\r\n"), run.stdout[:100])
            self.assertTrue(run.stdout.endswith(b"\r\n\r\n" + body))
            self.assertEqual(server.stop(), "echo_server: stopped\n")

    def test_curl_gets_a_page_for_each_request_of_one_connection(self):
        with Server("--http") as server:
            address = f"http://127.0.0.1:{server.port}/"
            run = subprocess.run(["curl", "--silent", "--show-error", "--include", address, address],
                                 capture_output=True, check=True, timeout=PATIENCE)
            page = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"
            self.assertEqual(run.stdout, page * 2)
            self.assertEqual(server.stop(), "echo_server: stopped\n")

    def test_requests_are_counted_by_their_empty_lines_wherever_they_are_cut(self):
        requests = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3 + b"GET / HTTP/1.1\r\r\n\r\n" + b"no end \r\n\r"
        for step in (1, 2, 3, 5, 1000):
            with self.subTest(step=step), Server("--http", "--buffer", "7") as server:
                with server.connection() as client:
                    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for place in range(0, len(requests), step):
                        client.sendall(requests[place:place + step])
                    client.shutdown(socket.SHUT_WR)
                    self.assertEqual(read_to_the_end(client).count(b"hello\n"), 4)

    @unittest.skipUnless(shutil.which("wrk"), "wrk is not installed (ci/setup does)")
    def test_wrk_gets_pages_over_many_connections_and_no_errors(self):
        with Server("--http") as server:
            run = subprocess.run(["wrk", "--threads", "2", "--connections", "50", "--duration", "1s",
                                  f"http://127.0.0.1:{server.port}/"],
                                 capture_output=True, text=True, check=True, timeout=PATIENCE)
            self.assertNotRegex(run.stdout, "Socket errors|Non-2xx")
            self.assertGreater(int(re.search(r"(\d+) requests in", run.stdout).group(1)), 100, run.stdout)
            # When its time is up it ends, and resets what is under way.
            self.assertRegex(server.stop(), r"\A(\[error\] (recv|send|writev)\(\) failed \(.*\)\n)*echo_server: stopped\n\Z")

    def test_stop_closes_a_connection_that_is_owed_nothing(self):
        with Server() as server:
            with server.connection() as client:
                client.sendall(b"there\n")
                self.assertEqual(client.recv(100), b"there\n")
                self.assertEqual(server.stop(), "echo_server: stopped\n")
                self.assertEqual(client.recv(100), b"")

    def test_stop_sends_what_is_owed_before_it_ends(self):
        data = pattern(20_000_000, 3)
        with Server() as server, server.connection() as client:
            sent = send_until_it_blocks(client, data)
            server.process.send_signal(signal.SIGTERM)
            echo = read_to_the_end(client)
            self.assertGreater(len(echo), 0)
            self.assertTrue(data[:sent].startswith(echo))
            self.assertEqual(server.process.wait(timeout=PATIENCE), 0)

    def test_a_second_signal_ends_it_whatever_is_owed(self):
        with Server() as server, server.connection() as client:
            send_until_it_blocks(client, pattern(20_000_000, 3))
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGINT)
            self.assertEqual(server.process.wait(timeout=PATIENCE), 0)

    def test_with_a_configuration_time_may_pass_by_the_alarm_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "nginx.conf"
            file.write_text("timer_resolution 10ms;\nevents { worker_connections 64; multi_accept on; epoll_events 2; }\n")
            with Server("--configuration", str(file), "--idle", "400") as server:
                data = pattern(200_000, 7)
                self.assertTrue(server.nc(data) == data)
                with server.connection() as idle:
                    self.assertEqual(idle.recv(100), b"")  # the end, although nothing but alarms wakes the server
                server.stop()

    def run_server(self, *words):
        run = subprocess.run([sys.argv[1], *words], capture_output=True, text=True, timeout=PATIENCE)
        return run.returncode, run.stderr

    def test_what_it_cannot_use_is_said_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "nginx.conf"
            file.write_text("events {\n    epoll_events 0;\n}\n")
            code, said = self.run_server("--configuration", str(file))
            self.assertEqual(code, 2)
            self.assertRegex(said, r"epoll_events.*nginx\.conf:2\n")
        self.assertEqual(self.run_server("--portt", "1")[0], 2)
        with Server() as server:
            code, said = self.run_server("--port", server.port)
            self.assertEqual(code, 1)
            self.assertIn("Address already in use", said)


if __name__ == "__main__":
    missing = [client for client in CLIENTS if not shutil.which(client)]
    if missing:
        print(f"skipped: {' and '.join(missing)} are not installed (ci/setup does)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
