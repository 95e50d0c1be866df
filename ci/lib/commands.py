"""Commands that are run with a limit of time, and ended with all their children."""

import os
import signal
import subprocess

from console import duration

running = set()  # under way, to be ended when the whole is interrupted


def run_limited(command, seconds, folder, environment=None):
    """Runs a command, and kills it with all its children when its time is up. What it prints, errors too, is one text."""
    process = subprocess.Popen([str(word) for word in command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    running.add(process)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output += f"\n(killed after {duration(seconds)})\n"
    finally:
        running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, output)


def kill_all():
    for process in list(running):
        os.killpg(process.pid, signal.SIGKILL)
