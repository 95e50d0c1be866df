"""Commands that are run with a limit of time, and ended with all their children."""

import os
import signal
import subprocess

from console import duration

running = set()  # under way, to be ended when the whole is interrupted


def run_limited(command, seconds, folder, environment=None, merge=True):
    """Runs a command, and kills it with all its children when its time is up. merge: standard output and errors as one
    text; else standard output alone, as bytes."""
    process = subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merge else subprocess.DEVNULL,
                               start_new_session=True)
    running.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n(killed after {duration(seconds)})\n".encode()
    finally:
        running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, output.decode(errors="replace") if merge else output)


def kill_all():
    for process in list(running):
        os.killpg(process.pid, signal.SIGKILL)
