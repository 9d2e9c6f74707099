# SPDX-License-Identifier: MIT
"""Processes that never outlive their owner, whatever happens to it."""
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)

alive = set()
alive_lock = threading.Lock()
stopping = False


class Stopped(Exception):
    """kill_all() has been called: nothing new is started."""


def _prepare_child():
    """The kernel kills the child even if its owner is killed without a chance to clean up."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Process:
    """A process in a group of its own; leaving the `with` block kills the group."""

    def __init__(self, command, **options):
        with alive_lock:
            if stopping:
                raise Stopped
            self.popen = subprocess.Popen([str(word) for word in command], start_new_session=True,
                                          preexec_fn=_prepare_child, **options)
            alive.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        with alive_lock:
            alive.discard(self)

    def cpu_seconds(self):
        """CPU time that the process has used so far."""
        with open(f"/proc/{self.popen.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass


def run(command, log, seconds, **options):
    """Run COMMAND with its output in the binary file LOG. Returns its exit status, negative for a
    signal, or None if it took longer than SECONDS and was killed."""
    with Process(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                 **options) as process:
        try:
            return process.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def kill_all():
    """End every process that is still running, and let none start from now on."""
    global stopping
    with alive_lock:
        stopping = True
        for process in alive:
            try:
                os.killpg(process.popen.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


def exit_on_signals():
    """Turn SIGTERM and SIGHUP into an orderly exit, so that `with` blocks end their process."""
    def stop(number, _):
        sys.exit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
